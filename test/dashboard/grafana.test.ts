// The Grafana dashboard and the documentation name metrics: each of them has to be there, and none may be left out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import * as v from 'valibot';
import { startRig } from './rig.ts';

const docs = join(import.meta.dirname, '../../docs');
const grafana = v.parse(
  v.object({
    annotations: v.object({ list: v.array(v.object({ expr: v.string() })) }),
    templating: v.object({
      list: v.array(v.object({ name: v.string(), definition: v.optional(v.string(), '') })),
    }),
    panels: v.array(
      v.object({
        id: v.number(),
        title: v.pipe(v.string(), v.minLength(1)),
        gridPos: v.object({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
        targets: v.pipe(v.array(v.object({ expr: v.string() })), v.minLength(1)),
      }),
    ),
  }),
  JSON.parse(readFileSync(join(docs, 'grafana-dashboard.json'), 'utf8')),
);
const expressions = [
  ...grafana.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...grafana.annotations.list.map(({ expr }) => expr),
  ...grafana.templating.list.map(({ definition }) => definition),
];
const namesIn = (text: string) => new Set(text.match(/\b(lookout|process)_[a-z_]+/g));

/** All that `/metrics` has after a first picture: names of metrics, names with their suffixes, and label names. */
async function served(t: TestContext) {
  const { ask, view } = await startRig(t);
  view.look();
  const text = (await ask('/metrics')).body.toString();
  return {
    metrics: new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name)),
    samples: new Set([...text.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name = '']) => name)),
    labels: new Set([...text.matchAll(/[{,]([a-z]+)="/g)].map(([, name = '']) => name)),
  };
}

describe('the Grafana dashboard', () => {
  it('asks for samples and labels that there are', async (t) => {
    const { samples, labels } = await served(t);
    // Prometheus itself adds these.
    for (const label of ['job', 'instance']) labels.add(label);
    for (const name of namesIn(expressions.join('\n'))) assert.ok(samples.has(name), name);
    for (const expr of expressions)
      for (const [, label = ''] of expr.matchAll(/[{,]([a-z]+)=~?"/g)) assert.ok(labels.has(label), label);
  });

  it('shows every metric', async (t) => {
    const { metrics } = await served(t);
    const text = expressions.join('\n');
    for (const name of metrics) assert.ok(text.includes(name), name);
  });

  it('uses variables that it declares, and has no panels over one another', () => {
    const declared = new Set(grafana.templating.list.map(({ name }) => name));
    for (const expr of expressions)
      for (const [, name = ''] of expr.matchAll(/\$([a-z]+)/g)) assert.ok(declared.has(name), name);
    const taken = new Set<string>();
    for (const { title, gridPos } of grafana.panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert.ok(x < 24 && !taken.has(`${x},${y}`), title);
          taken.add(`${x},${y}`);
        }
    assert.equal(new Set(grafana.panels.map(({ id }) => id)).size, grafana.panels.length);
  });
});

describe('the documentation of the figures', () => {
  it('names each of them, and no other', async (t) => {
    const { metrics } = await served(t);
    const text = readFileSync(join(docs, 'dashboard.md'), 'utf8');
    assert.deepEqual([...namesIn(text)].toSorted(), [...metrics].toSorted());
  });
});
