import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStatusStore } from '../../src/moonraker/status-store.ts';

describe('createStatusStore', () => {
  it('merges one level deep and keeps what a change does not name', () => {
    const store = createStatusStore();
    store.merge({ print_stats: { state: 'printing', info: { current_layer: 1, total_layer: 3 } } }, 10);
    store.merge({ print_stats: { info: { current_layer: 2 } } }, 11);
    assert.equal(store.get('print_stats', 'state'), 'printing');
    assert.deepEqual(store.get('print_stats', 'info'), { current_layer: 2 });
  });

  it('never lets an older reading replace a newer one', () => {
    const store = createStatusStore();
    store.merge({ print_stats: { state: 'paused' } }, 12);
    store.merge({ print_stats: { state: 'printing', filename: 'a.gcode' } }, 11.9);
    assert.equal(store.get('print_stats', 'state'), 'paused');
    assert.equal(store.get('print_stats', 'filename'), 'a.gcode');
  });

  it('takes a second reading of the same moment', () => {
    const store = createStatusStore();
    store.merge({ webhooks: { state: 'ready' } }, 12);
    store.merge({ webhooks: { state: 'shutdown' } }, 12);
    assert.equal(store.get('webhooks', 'state'), 'shutdown');
  });

  it('starts over when cleared, with an earlier clock too', () => {
    const store = createStatusStore();
    store.merge({ webhooks: { state: 'ready' } }, 5000);
    store.clear();
    assert.equal(store.get('webhooks', 'state'), undefined);
    store.merge({ webhooks: { state: 'startup' } }, 3);
    assert.equal(store.get('webhooks', 'state'), 'startup');
  });

  it('does not grow without end', () => {
    const store = createStatusStore();
    for (let n = 0; n < 2000; n += 1) store.merge({ [`object ${n}`]: { field: n } }, n);
    assert.equal(store.get('object 499', 'field'), 499);
    assert.equal(store.get('object 1999', 'field'), undefined);
  });
});
