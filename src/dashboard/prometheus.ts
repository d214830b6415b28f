// The figures of the process in Prometheus' text format 0.0.4, by its naming conventions.
import type { Clock } from '../core/ports.ts';
import type { Verdict } from '../core/types.ts';
import type { PrinterView } from './printer-view.ts';

/** Collects what has to be added up over time, and writes everything down when asked. */
export interface Metrics {
  text(): string;
  close(): void;
}

const verdicts: readonly Verdict[] = ['clear', 'watching', 'warning', 'failing'];
/** Upper bounds of the histogram, s: a model on the same host to a service across the world. */
const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

interface Collected {
  readonly view: PrinterView;
  readonly counts: number[];
  requests: number;
  requestSeconds: number;
  blindMs: number;
  blindSinceTickMs: number | null;
}

/** Begins to count. */
export function createMetrics(
  views: readonly PrinterView[],
  clock: Pick<Clock, 'now'>,
  version: string,
): Metrics {
  const offs: (() => void)[] = [];
  const printers = views.map((view): Collected => {
    const own: Collected = {
      ...{
        view,
        counts: buckets.map(() => 0),
        requests: 0,
        requestSeconds: 0,
        blindMs: 0,
        blindSinceTickMs: null,
      },
    };
    offs.push(
      view.onLook(({ tookMs }) => {
        const seconds = tookMs / 1000;
        own.requests += 1;
        own.requestSeconds += seconds;
        for (const [index, bound] of buckets.entries())
          if (seconds <= bound) own.counts[index] = (own.counts[index] ?? 0) + 1;
      }),
      view.onChange(({ state, gate }) => {
        const { tickMs } = clock.now();
        const isBlind = state.blind !== null && gate === null;
        if (isBlind) own.blindSinceTickMs ??= tickMs;
        else if (own.blindSinceTickMs !== null) {
          own.blindMs += tickMs - own.blindSinceTickMs;
          own.blindSinceTickMs = null;
        }
      }),
    );
    return own;
  });
  return {
    text: () => write(printers, clock.now().tickMs, version),
    close: () => {
      for (const off of offs) off();
    },
  };
}

type Sample = readonly [labels: string, value: number, suffix?: string];

function write(printers: readonly Collected[], nowTickMs: number, version: string): string {
  const lines: string[] = [];
  const add = (name: string, type: string, help: string, samples: readonly Sample[]) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value, suffix = ''] of samples)
      lines.push(`${name}${suffix}${labels === '' ? '' : `{${labels}}`} ${value}`);
  };
  const each = (read: (own: Collected, label: string) => readonly Sample[]) =>
    printers.flatMap((own) => read(own, `printer="${escapeLabel(own.view.name)}"`));

  add('lookout_info', 'gauge', 'Version of moonraker-lookout.', [[`version="${escapeLabel(version)}"`, 1]]);
  add(
    'lookout_assessments_total',
    'counter',
    'Pictures that were judged.',
    each(({ view }, label) => [[label, view.status().assessments]]),
  );
  add(
    'lookout_calls_total',
    'counter',
    'Counted calls to a detection service.',
    each(({ view }, label) => [[label, view.status().calls]]),
  );
  add(
    'lookout_score',
    'gauge',
    'Failure score of the last picture, 0 to 1.',
    each(({ view }, label) => {
      const last = view.status().state.last;
      return last === null ? [] : [[label, last.assessment.score]];
    }),
  );
  add(
    'lookout_evidence_seconds',
    'gauge',
    'Failure seen that has built up.',
    each(({ view }, label) => [[label, view.status().state.evidence.ms / 1000]]),
  );
  add(
    'lookout_verdict',
    'gauge',
    '1 for the verdict that holds now.',
    each(({ view }, label) => {
      const { state } = view.status();
      const now = state.incident?.level ?? state.verdict;
      return verdicts.map((verdict) => [`${label},verdict="${verdict}"`, verdict === now ? 1 : 0]);
    }),
  );
  add(
    'lookout_judging',
    'gauge',
    '1 while pictures of a print are judged.',
    each(({ view }, label) => [[label, view.status().gate === null ? 1 : 0]]),
  );
  add(
    'lookout_blind_seconds_total',
    'counter',
    'Time without a judgement although there should have been one.',
    each((own, label) => [
      [label, (own.blindMs + (own.blindSinceTickMs === null ? 0 : nowTickMs - own.blindSinceTickMs)) / 1000],
    ]),
  );
  add(
    'lookout_frame_age_seconds',
    'gauge',
    'Age of the last judged picture.',
    each(({ view }, label) => {
      const look = view.lastLook();
      return look === null ? [] : [[label, Math.max(0, nowTickMs - look.frame.tickMs) / 1000]];
    }),
  );
  add(
    'lookout_backend_request_seconds',
    'histogram',
    'Time that a judgement took.',
    each((own, label) => [
      ...buckets.map((bound, index): Sample => [`${label},le="${bound}"`, own.counts[index] ?? 0, '_bucket']),
      [`${label},le="+Inf"`, own.requests, '_bucket'],
      [label, own.requestSeconds, '_sum'],
      [label, own.requests, '_count'],
    ]),
  );
  const { user, system } = process.cpuUsage();
  add('process_cpu_seconds_total', 'counter', 'User and system CPU time.', [['', (user + system) / 1e6]]);
  add('process_resident_memory_bytes', 'gauge', 'Resident memory.', [['', process.memoryUsage.rss()]]);
  add('process_start_time_seconds', 'gauge', 'Start of the process, Unix time.', [
    ['', Math.round(Date.now() / 1000 - process.uptime())],
  ]);
  return `${lines.join('\n')}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
