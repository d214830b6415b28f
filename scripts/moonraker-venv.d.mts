// Types of moonraker-venv.mjs for the tests.

/** Makes sure that Moonraker is installed in .cache. Rejects with VenvUnavailable. */
export function ensureMoonraker(): Promise<{ python: string }>;
