// Whether records can be written: told once an outage, to the user and in the status, and never more than counted.
import { explainRecordsBack, explainRecordsLost } from '../core/explain-records.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { RecordHealth } from '../core/records.ts';
import type { Notice } from '../core/types.ts';
import { notWritten } from './write-error.ts';

/** What is written where; each can fail by itself. */
export type RecordArea = 'ring' | 'incident' | 'print' | 'retention';

/** Keeps track of it. */
export interface HealthWatch {
  readonly health: RecordHealth;
  failed(area: RecordArea, folder: string, error: unknown): void;
  worked(area: RecordArea): void;
  /** A call to the disk does not come back, or has at last. */
  stuck(isStuck: boolean, folder: string): void;
  lost(what: 'frame' | 'step'): void;
}

/** On a full disk a short line may still find room where a picture does not: that is no recovery. */
const steadyMs = 30_000;
/** A disk that comes and goes is not told each time. */
const tellAgainMs = 3_600_000;

/** Starts in good health. */
export function createHealthWatch(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly onNotice: (notice: Notice) => void;
}): HealthWatch {
  const { clock, log, onNotice } = deps;
  const troubled = new Set<RecordArea | 'stuck'>();
  let trouble: RecordHealth['trouble'] = null;
  let lastFailureTickMs = 0;
  let toldTickMs: number | null = null;
  let isTold = false;
  let lostFrames = 0;
  let lostSteps = 0;

  const begin = (area: RecordArea | 'stuck', folder: string, cause: unknown) => {
    const { atMs, tickMs } = clock.now();
    const isFirst = troubled.size === 0;
    troubled.add(area);
    lastFailureTickMs = tickMs;
    if (!isFirst) return;
    const { code, message, hint } = notWritten('what happens with this print', folder, cause);
    trouble = { sinceMs: atMs, code, message, hint };
    log.warn(message, { code, hint, area });
    isTold = toldTickMs === null || tickMs - toldTickMs >= tellAgainMs;
    if (!isTold) return;
    toldTickMs = tickMs;
    onNotice(explainRecordsLost(message, code, hint));
  };

  const end = (area: RecordArea | 'stuck') => {
    if (!troubled.delete(area) || troubled.size > 0) return;
    trouble = null;
    log.info('records are written again', { lostFrames, lostSteps });
    if (isTold) onNotice(explainRecordsBack());
  };

  return {
    get health() {
      return { isGood: trouble === null, trouble, lostFrames, lostSteps };
    },
    failed: (area, folder, error) => begin(area, folder, error),
    worked: (area) => {
      if (clock.now().tickMs - lastFailureTickMs >= steadyMs) end(area);
    },
    stuck: (isStuck, folder) => {
      if (isStuck) begin('stuck', folder, new Error('the disk does not answer'));
      else end('stuck');
    },
    lost: (what) => {
      if (what === 'frame') lostFrames += 1;
      else lostSteps += 1;
    },
  };
}
