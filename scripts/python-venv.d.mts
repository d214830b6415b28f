// Types of python-venv.mjs for the tests.

/** An environment cannot be had; the message says what is missing and what to do. */
export class VenvUnavailable extends Error {}
