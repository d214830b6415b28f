// How the process is: whether every printer's loop makes progress, and one line with the worst of them first.
import { isShadow } from '../core/incident.ts';
import { liveLine } from './live-line.ts';
import type { PrinterLife } from './printer-life.ts';
import type { WatchStatus } from './watch.ts';

/** One look at the process. */
export interface Pulse {
  /** A loop hangs: nothing but a fresh process helps. */
  readonly isStuck: boolean;
  /** For `systemctl status`. */
  readonly line: string;
}

/** What a pulse needs of a printer. */
type Beating = Pick<PrinterLife, 'name' | 'restart'> & {
  parts(): { readonly watch: { status(): WatchStatus } } | null;
};

/** The slowest single step (a picture, a service with its own limit of two minutes, a fallback) ends within this time. */
const stuckAfterMs = 300_000;

/** Looks at every printer. One that waits for its fresh start is no reason to end the others. */
export function pulseOf(lives: readonly Beating[], nowTickMs: number): Pulse {
  const all = lives.map((life) => pulseOfOne(life, nowTickMs));
  const worstFirst = all
    .map((each, index) => ({ ...each, index }))
    .sort((a, b) => b.trouble - a.trouble || a.index - b.index);
  return {
    isStuck: all.some(({ isStuck }) => isStuck),
    line: worstFirst.map(({ line }) => line).join(' | '),
  };
}

interface PrinterPulse extends Pulse {
  /** The higher, the more somebody should know. */
  readonly trouble: number;
}

function pulseOfOne(life: Beating, nowTickMs: number): PrinterPulse {
  const prefix = life.name === null ? '' : `${life.name}: `;
  const status = life.parts()?.watch.status() ?? null;
  if (status === null) {
    const leftMs = (life.restart()?.atTickMs ?? nowTickMs) - nowTickMs;
    const line = `${prefix}failed, starts anew in ${Math.max(0, Math.round(leftMs / 1000))} s`;
    return { isStuck: false, trouble: 5, line };
  }
  const isStuck = nowTickMs - status.steppedTickMs > stuckAfterMs;
  const line = `${prefix}${isStuck ? 'hangs, ' : ''}${liveLine(status, nowTickMs)}`;
  return { isStuck, trouble: isStuck ? 6 : troubleOf(status), line };
}

function troubleOf({ state, print }: WatchStatus): number {
  const { incident } = state;
  if (incident !== null && !isShadow(incident)) return incident.level === 'failing' ? 4 : 3;
  if (state.blind !== null || state.busy !== null) return 2;
  return print.kind === 'not-ready' ? 1 : 0;
}
