// Keeps Moonraker's component told: the state for whoever listens, and the running print's figures for the job history.
import type { StatusAnswer } from '../core/control.ts';
import { explainComponent } from '../core/explain-channel.ts';
import { isSameJob } from '../core/job.ts';
import type { Clock, Log } from '../core/ports.ts';
import { addToSummary, noSummary, type PrintSummary } from '../core/print-summary.ts';
import type { Step } from '../core/trace.ts';
import type { JobRef, Notice } from '../core/types.ts';
import type { HistoryFigures, MoonrakerComponent } from '../moonraker/component.ts';
import { createWaker } from '../moonraker/waker.ts';

/** The feed of one printer. */
export interface ComponentFeed {
  /** Takes one step of the core. Returns at once. */
  step(step: Step): void;
  /** Tells the component until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** What the feed needs. */
export interface ComponentFeedDeps {
  readonly component: Pick<MoonrakerComponent, 'state' | 'onState' | 'publish' | 'writeHistory'>;
  readonly status: () => StatusAnswer;
  /** Says something to the user. */
  readonly tell: (notice: Notice) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two messages, ms: a listener needs no more, and Moonraker tells all of its clients. */
const gapMs = 1_000;
/** After a message that did not get through, ms. */
const retryMs = 30_000;
/** The figures of a running print grow with every picture; they only have to be there when it ends. */
const historyEveryMs = 15_000;

/** Makes the feed. Nothing is told before `run`. */
export function createComponentFeed({
  component,
  status,
  tell: say,
  clock,
  log,
}: ComponentFeedDeps): ComponentFeed {
  const waker = createWaker(clock);
  let job: JobRef | null = null;
  let summary: PrintSummary = noSummary;
  let lastStepTickMs = 0;
  let publishedText = '';
  let saidWhy = '';
  let written: HistoryFigures | null = null;
  let writtenTickMs = 0;

  const isThere = () => component.state.kind === 'present';
  const isHistoryDue = () => {
    if (job === null || !isThere()) return false;
    const figures = figuresOf(summary);
    if (JSON.stringify(figures) === JSON.stringify(written)) return false;
    const isNews = written === null || figures.incidents !== written.incidents;
    return isNews || clock.now().tickMs - writtenTickMs >= historyEveryMs;
  };
  const isStateDue = () => isThere() && JSON.stringify(publicState(status())) !== publishedText;

  const tell = async (signal: AbortSignal) => {
    if (isStateDue()) {
      const state = publicState(status());
      await component.publish(state, signal);
      publishedText = JSON.stringify(state);
    }
    if (isHistoryDue()) {
      const figures = figuresOf(summary);
      await component.writeHistory(figures, signal);
      written = figures;
      writtenTickMs = clock.now().tickMs;
    }
  };

  return {
    step: (step) => {
      const { after, at } = step;
      if (after.job !== null && (job === null || !isSameJob(job, after.job))) {
        summary = noSummary;
        written = null;
        lastStepTickMs = at.tickMs;
      }
      job = after.job;
      if (job !== null) summary = addToSummary(summary, step, at.tickMs - lastStepTickMs);
      lastStepTickMs = at.tickMs;
      waker.wake();
    },
    run: async (signal) => {
      const off = component.onState((next) => {
        if (next.kind === 'refused' && next.why !== saidWhy) {
          saidWhy = next.why;
          say(explainComponent(next.why));
        }
        // A Moonraker that has restarted knows nothing of what it was told before.
        publishedText = '';
        written = null;
        waker.wake();
      });
      try {
        while (!signal.aborted) {
          await waker.wait(() => isStateDue() || isHistoryDue(), null, signal);
          try {
            await tell(signal);
            await clock.sleep(gapMs, signal);
          } catch (error) {
            signal.throwIfAborted();
            log.debug('the component was not told', { error: String(error) });
            await clock.sleep(retryMs, signal);
          }
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        off();
      }
    },
  };
}

/** What `notify_lookout_state_changed` tells: nothing in it changes with time alone. */
function publicState(status: StatusAnswer): Readonly<Record<string, unknown>> {
  const { incident } = status;
  return {
    state: 'online',
    version: status.version,
    is_watching: status.is_watching,
    gate: status.gate?.kind ?? null,
    mode: status.mode,
    verdict: status.verdict,
    blind: status.blind?.code ?? null,
    incident:
      incident === null
        ? null
        : { id: incident.id, level: incident.level, action: incident.action, answer: incident.answer },
  };
}

/** Scores of backends without a scale of quality are put on it: 10 is nothing wrong, 1 a certain failure. */
function figuresOf(summary: PrintSummary): HistoryFigures {
  const { worstQuality, worstScore, failureMs, incidents, blindMs } = summary;
  return {
    worstQuality: worstQuality ?? (worstScore === null ? null : Math.round(100 - 90 * worstScore) / 10),
    evidenceS: Math.round(failureMs / 1_000),
    incidents,
    blindMin: Math.round(blindMs / 6_000) / 10,
  };
}
