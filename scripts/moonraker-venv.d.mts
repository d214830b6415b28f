// Types of moonraker-venv.mjs for the tests.

/** Moonraker cannot be had; the message says what is missing and what to do. */
export class MoonrakerUnavailable extends Error {}

/** Makes sure that Moonraker is installed in .cache. Rejects with MoonrakerUnavailable. */
export function ensureMoonraker(): Promise<{ python: string }>;
