// Reads Prometheus' text format 0.0.4, and throws at whatever a strict reader would not take.
// https://prometheus.io/docs/instrumenting/exposition_formats/

/** One line with a value. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its samples. */
export interface ExposedMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly ExposedSample[];
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const number = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\+Inf|-Inf|NaN)$/;

/** All metrics, in the order in which they stand. */
export function readExposition(text: string): ExposedMetric[] {
  if (!text.endsWith('\n')) throw new SyntaxError('the last line does not end');
  const metrics: ExposedMetric[] = [];
  let help: { readonly name: string; readonly text: string } | null = null;
  let current: { readonly metric: ExposedMetric; readonly samples: ExposedSample[] } | null = null;
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind = '', name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      if (!metricName.test(name) || seen.has(name)) throw new SyntaxError(line);
      seen.add(name);
      help = { name, text: rest };
    } else if (kind === 'TYPE') {
      if (help?.name !== name) throw new SyntaxError(`no help before: ${line}`);
      const samples: ExposedSample[] = [];
      current = { metric: { name, type: typeOf(rest, line), help: help.text, samples }, samples };
      metrics.push(current.metric);
    } else {
      const sample = readSample(line);
      if (current === null || !belongs(sample.name, current.metric)) throw new SyntaxError(`stray: ${line}`);
      const id = JSON.stringify([sample.name, Object.entries(sample.labels).toSorted()]);
      if (seen.has(id)) throw new SyntaxError(`twice: ${line}`);
      seen.add(id);
      current.samples.push(sample);
    }
  }
  for (const metric of metrics) checkMetric(metric);
  return metrics;
}

function typeOf(text: string, line: string): ExposedMetric['type'] {
  if (text === 'counter' || text === 'gauge' || text === 'histogram') return text;
  throw new SyntaxError(line);
}

function belongs(sample: string, { name, type }: ExposedMetric): boolean {
  return type === 'histogram' ? /^_(bucket|sum|count)$/.test(sample.replace(name, '')) : sample === name;
}

function readSample(line: string): ExposedSample {
  const [, name = '', , inner = '', value = ''] = /^([^{ ]+)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (!metricName.test(name) || !number.test(value)) throw new SyntaxError(line);
  return { name, labels: readLabels(inner, line), value: Number(value.replace('Inf', 'Infinity')) };
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [name] = labelName.exec(rest) ?? [];
    // No raw quote or line end, and no escape but these three.
    const [whole, value] =
      name === undefined ? [] : (/^="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/.exec(rest.slice(name.length)) ?? []);
    if (name === undefined || whole === undefined || value === undefined || name in labels)
      throw new SyntaxError(line);
    labels[name] = value.replace(/\\([\\"n])/g, (_, each: string) => (each === 'n' ? '\n' : each));
    rest = rest.slice(name.length + whole.length);
  }
  return labels;
}

function checkMetric({ name, type, samples }: ExposedMetric): void {
  if ((type === 'counter') !== name.endsWith('_total')) throw new SyntaxError(`${name} is a ${type}`);
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0)))
    throw new SyntaxError(`${name} is negative`);
  if (type !== 'histogram') return;
  const others = ({ labels }: ExposedSample) => JSON.stringify({ ...labels, le: undefined });
  for (const group of new Set(samples.map(others))) {
    const own = samples.filter((sample) => others(sample) === group);
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const [bounds, counts] = [
      buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity') ?? Number.NaN)),
      buckets.map(({ value }) => value),
    ];
    const rises = (values: readonly number[]) =>
      values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
    const count = own.find((sample) => sample.name === `${name}_count`)?.value;
    const hasSum = own.some((sample) => sample.name === `${name}_sum`);
    if (
      !rises(bounds) ||
      !rises(counts) ||
      bounds.at(-1) !== Number.POSITIVE_INFINITY ||
      counts.at(-1) !== count ||
      !hasSum
    )
      throw new SyntaxError(`the buckets of ${name} ${group}`);
  }
}
