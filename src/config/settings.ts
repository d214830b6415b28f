// One setting in force, and how settings are shown to a person: with their origin and without their secrets.
import { formatAreas } from '../core/areas.ts';
import { type BedCorners, formatBedCorners } from '../core/bed.ts';
import { formatDuration } from '../core/duration.ts';
import type { Key } from '../core/keys.ts';
import { type Origin, originText } from './sources.ts';
import { maskPath, maskUrl } from './urls.ts';
import type { Value } from './values.ts';
import { isWebhook } from './webhooks.ts';

/** One key with its value in force. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly kind: Key['kind'];
  readonly value: Value;
  readonly origin: Origin;
}

/** A line for each section and each key, as in the file, with where each value comes from. A secret is `****`. */
export function describeSettings(settings: readonly Setting[]): string[] {
  const lines: string[] = [];
  let section = '';
  for (const setting of settings) {
    if (setting.section !== section) {
      section = setting.section;
      lines.push(`[${section}]`);
    }
    const value = `  ${setting.key}: ${valueText(setting)}`;
    lines.push(`${value.padEnd(60)}  # ${originText(setting.origin)}`);
  }
  return lines;
}

/** The value as one would write it in a file; a secret is `****`. */
export function valueText({ kind, value, section }: Setting): string {
  if (value === null) return '(not set)';
  if (kind === 'areas' && Array.isArray(value)) {
    return value.length === 0 ? '(not set)' : formatAreas(value).replaceAll('\n', ' ⏎ ');
  }
  if (kind === 'corners') return formatBedCorners(value as BedCorners);
  if (kind === 'secret') return '****';
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (kind === 'duration' && typeof value === 'number') return formatDuration(value);
  if (kind === 'url') return isWebhook(section) ? maskPath(String(value)) : maskUrl(String(value));
  return String(value).replaceAll('\n', ' ⏎ ');
}
