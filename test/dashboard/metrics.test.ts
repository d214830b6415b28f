// `/metrics`, as Prometheus would read it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toScore } from '../../src/core/types.ts';
import { anAssessment } from '../support/parts.ts';
import { type ExposedMetric, readExposition } from './exposition.ts';
import { aView, startRig } from './rig.ts';

/** Name and type of all that is told, as the documentation has them. */
const promised = {
  lookout_info: 'gauge',
  lookout_assessments_total: 'counter',
  lookout_calls_total: 'counter',
  lookout_score: 'gauge',
  lookout_evidence_seconds: 'gauge',
  lookout_verdict: 'gauge',
  lookout_judging: 'gauge',
  lookout_blind_seconds_total: 'counter',
  lookout_frame_age_seconds: 'gauge',
  lookout_backend_request_seconds: 'histogram',
  process_cpu_seconds_total: 'counter',
  process_resident_memory_bytes: 'gauge',
  process_start_time_seconds: 'gauge',
};
/** What a strict reader refuses: it would tell of nothing otherwise. */
const broken: readonly (readonly [what: string, text: string])[] = [
  ['a last line without end', '# HELP a A.\n# TYPE a gauge\na 1'],
  ['no help', '# TYPE a gauge\na 1\n'],
  ['a sample of another metric', '# HELP a A.\n# TYPE a gauge\nb 1\n'],
  ['the same sample twice', '# HELP a A.\n# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n'],
  ['a raw quote in a label', '# HELP a A.\n# TYPE a gauge\na{x="1"2"} 1\n'],
  ['a counter by another name', '# HELP a A.\n# TYPE a counter\na 1\n'],
  ['a value that is none', '# HELP a A.\n# TYPE a gauge\na null\n'],
  ['an empty line', '# HELP a A.\n# TYPE a gauge\n\na 1\n'],
  [
    'a histogram that falls',
    '# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
  ],
];

describe('the figures as Prometheus reads them', () => {
  it('are all there with their types, of each printer, before the first picture and after', async (t) => {
    const odd = 'front "left"\\\n';
    const views = [aView('right'), aView(odd)];
    const { ask } = await startRig(t, {}, { printers: views });
    const read = async () => {
      const { headers, body } = await ask('/metrics');
      assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
      return readExposition(body.toString());
    };
    const typesOf = (metrics: readonly ExposedMetric[]) =>
      Object.fromEntries(metrics.map(({ name, type }) => [name, type]));
    assert.deepEqual(typesOf(await read()), promised);
    for (const view of views) view.look(anAssessment({ score: toScore(0.25) }));
    const metrics = await read();
    assert.deepEqual(typesOf(metrics), promised);
    const valuesOf = (sample: string, labels: Readonly<Record<string, string>>) =>
      metrics
        .flatMap(({ samples }) => samples)
        .filter(
          ({ name, labels: own }) =>
            name === sample && Object.entries(labels).every(([key, value]) => own[key] === value),
        )
        .map(({ value }) => value);
    for (const { name: printer } of views) {
      assert.deepEqual(valuesOf('lookout_assessments_total', { printer }), [1]);
      assert.deepEqual(valuesOf('lookout_score', { printer }), [0.25]);
      assert.deepEqual(valuesOf('lookout_verdict', { printer, verdict: 'clear' }), [1]);
      assert.equal(valuesOf('lookout_verdict', { printer }).length, 4);
      assert.deepEqual(valuesOf('lookout_backend_request_seconds_bucket', { printer, le: '0.1' }), [0]);
      assert.deepEqual(valuesOf('lookout_backend_request_seconds_bucket', { printer, le: '0.25' }), [1]);
      assert.deepEqual(valuesOf('lookout_backend_request_seconds_sum', { printer }), [0.12]);
      const [age = -1] = valuesOf('lookout_frame_age_seconds', { printer });
      assert.ok(age >= 0 && age < 30, `${age}`);
    }
    const [startS = 0] = valuesOf('process_start_time_seconds', {});
    assert.ok(Math.abs(Date.now() / 1000 - process.uptime() - startS) < 5);
    assert.ok((valuesOf('process_cpu_seconds_total', {})[0] ?? 0) > 0);
    assert.ok((valuesOf('process_resident_memory_bytes', {})[0] ?? 0) > 1e6);
  });

  for (const [what, text] of broken) {
    it(`would not be read with ${what}`, () => {
      assert.throws(() => readExposition(text), SyntaxError);
    });
  }
});
