// Types of moonraker-venv.mjs for the tests.

/** Makes sure that Moonraker, 0.11.0 where not said otherwise, is installed in .cache. Rejects with VenvUnavailable. */
export function ensureMoonraker(version?: string): Promise<{ python: string }>;
