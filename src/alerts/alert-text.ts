// An alert as running text, for channels without buttons.
import type { Alert } from '../core/types.ts';

/** Title and lines as sentences. */
export function alertText(alert: Alert): string {
  return [alert.title, ...alert.lines].join('. ').replaceAll('..', '.');
}
