// Sentences about the records on disk.
import type { Notice } from './types.ts';

/** Told once when what happens can no longer be written down. */
export function explainRecordsLost(message: string, code: string, hint: string): Notice {
  const text = `Lookout watches on, but keeps no pictures or records now: ${message} [${code}]. ${hint}`;
  return { level: 'warning', text };
}

/** Told when that is over. */
export function explainRecordsBack(): Notice {
  return { level: 'info', text: 'Lookout keeps pictures and records again.' };
}
