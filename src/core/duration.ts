// Lengths of time as people write them: `90s`, `5m`, `1h30m`.

const unitMs = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** Reads `1h30m`, `90s` or `0s` as ms; null for anything else, also for a number without a unit. */
export function parseDuration(text: string): number | null {
  const match = /^(?:(\d{1,6})h)?\s*(?:(\d{1,6})m)?\s*(?:(\d{1,6})s)?$/i.exec(text.trim());
  if (match === null || match[0] === '') return null;
  const [, hours = '0', minutes = '0', seconds = '0'] = match;
  return Number(hours) * unitMs.h + Number(minutes) * unitMs.m + Number(seconds) * unitMs.s;
}

/** Writes ms the way `parseDuration` reads them, to the second: 5400000 → `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms / unitMs.s)) * unitMs.s;
  let text = '';
  for (const unit of ['h', 'm', 's'] as const) {
    const count = Math.floor(rest / unitMs[unit]);
    rest -= count * unitMs[unit];
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}
