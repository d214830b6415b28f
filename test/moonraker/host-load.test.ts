import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { MoonrakerError } from '../../src/core/errors.ts';
import { createHostLoad } from '../../src/moonraker/host-load.ts';
import { createQuietLog } from '../support/quiet-log.ts';

/** A Moonraker that says this of its host, or refuses. */
function asked(answer: unknown) {
  const calls: string[] = [];
  const host = { load: null as number | null };
  const hostLoad = createHostLoad({
    connection: {
      call: async (method, _params, schema, { signal } = {}) => {
        calls.push(method);
        signal?.throwIfAborted();
        if (answer instanceof Error) throw answer;
        return v.parse(schema, answer);
      },
    },
    sysload: () => host.load,
    log: createQuietLog(),
  });
  return { calls, host, hostLoad };
}

const fourCores = { system_info: { cpu_info: { cpu_count: 4 } } };
const { signal } = new AbortController();

describe('the load of the printer’s host', () => {
  it('is that of one core, and the cores are asked for once', async () => {
    const { calls, host, hostLoad } = asked(fourCores);
    host.load = 6;
    assert.equal(await hostLoad(signal), 1.5);
    host.load = 2;
    assert.equal(await hostLoad(signal), 0.5);
    assert.deepEqual(calls, ['machine.system_info']);
  });

  it('costs no request while it is low, or not known', async () => {
    const { calls, host, hostLoad } = asked(fourCores);
    assert.equal(await hostLoad(signal), null);
    host.load = 0.5;
    assert.equal(await hostLoad(signal), 0.5);
    assert.deepEqual(calls, []);
  });

  it('is not known where nobody says how many cores there are', async () => {
    const details = { code: 'MOONRAKER_REFUSED', retry: 'later', hint: '' } as const;
    for (const answer of [
      { system_info: {} },
      { system_info: { cpu_info: { cpu_count: 0 } } },
      new MoonrakerError('no', details),
    ]) {
      const { host, hostLoad } = asked(answer);
      host.load = 6;
      assert.equal(await hostLoad(signal), null);
    }
  });

  it('ends with the signal', async () => {
    const { host, hostLoad } = asked(fourCores);
    host.load = 6;
    await assert.rejects(hostLoad(AbortSignal.abort(new Error('enough'))), /enough/);
  });
});
