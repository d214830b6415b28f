// Samples of the status: who hears what, and how often.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  createStatusSampler,
  type StatusSampler,
  type StatusTree,
} from '../../src/virtual/status-sampler.ts';
import { until } from '../support/until.ts';

let sampler: StatusSampler | null = null;
afterEach(() => sampler?.close());

function make() {
  const list = [1];
  const tree: StatusTree = { a: { x: 1, list }, b: { y: null } };
  let reads = 0;
  sampler = createStatusSampler(
    (name) => {
      reads += 1;
      return tree[name] ?? null;
    },
    () => 7,
    10,
  );
  return { tree, list, sampler, reads: () => reads };
}

describe('status sampler', () => {
  it('answers with all fields, named ones, null for a missing one and {} for a missing object', async () => {
    const { sampler } = make();
    const reply = await sampler.query({ a: ['x', 'z'], b: null, c: null });
    assert.deepEqual(reply, { eventtime: 7, status: { a: { x: 1, z: null }, b: { y: null }, c: {} } });
  });

  it('tells changed fields whole, also when they were changed in place', async () => {
    const { tree, list, sampler } = make();
    const told: unknown[] = [];
    await sampler.subscribe({}, { a: null, b: null }, ({ status }) => told.push(status));
    list.push(2);
    await until('one change', () => told.length === 1);
    assert.deepEqual(told, [{ a: { list: [1, 2] } }]);
    tree['b'] = { y: 1 };
    await until('another', () => told.length === 2);
    assert.deepEqual(told[1], { b: { y: 1 } });
  });

  it('replaces a subscription, and an empty one ends it', async () => {
    const { tree, sampler } = make();
    const told: unknown[] = [];
    const key = {};
    await sampler.subscribe(key, { a: null }, () => told.push('old'));
    await sampler.subscribe(key, { b: null }, () => told.push('new'));
    tree['a'] = { x: 2 };
    tree['b'] = { y: 2 };
    await until('a change', () => told.length > 0);
    assert.deepEqual(told, ['new']);
    await sampler.subscribe(key, {}, () => told.push('empty'));
    tree['b'] = { y: 3 };
    await sampler.query({ b: null });
    assert.deepEqual(told, ['new']);
  });

  it('reads an object once a sample for all, and nothing when nobody asks', async () => {
    const { sampler, reads } = make();
    await Promise.all([sampler.query({ a: null }), sampler.query({ a: ['x'] })]);
    assert.equal(reads(), 1);
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(reads(), 1);
  });
});
