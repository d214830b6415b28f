import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createChain } from '../../src/backends/chain.ts';
import { BackendError } from '../../src/core/errors.ts';
import type { Backend } from '../../src/core/ports.ts';
import type { Frame } from '../../src/core/types.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aJob, anAssessment } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const { signal } = new AbortController();
const frame: Frame = {
  jpeg: new Uint8Array(4),
  width: 640,
  height: 480,
  atMs: 0,
  tickMs: 0,
  camera: 'test',
};
const outage = new BackendError('no answer', { code: 'BACKEND_TIMEOUT', retry: 'soon' });
const wrongKey = new BackendError('the key is wrong', { code: 'BACKEND_BAD_KEY', retry: 'never' });

/** A backend whose state the test sets. */
function member(name: string) {
  const asked = { name, count: 0, error: null as Error | null, ended: 0, hangs: false, readyInMs: 0 };
  const backend: Backend = {
    name,
    assess: (_frame, _job, stop) => {
      asked.count += 1;
      if (asked.hangs) {
        return new Promise((_, reject) => {
          stop.addEventListener('abort', () => reject(stop.reason), { once: true });
        });
      }
      return asked.error === null
        ? Promise.resolve(anAssessment({ backend: name }))
        : Promise.reject(asked.error);
    },
    readyInMs: () => asked.readyInMs,
    printEnded: () => {
      asked.ended += 1;
    },
  };
  return { asked, backend };
}

function setUp() {
  const clock = createFakeClock();
  const [first, second, third] = [member('printwatch'), member('octoeverywhere'), member('obico')];
  const notices: string[] = [];
  const chain = createChain(
    [first.backend, second.backend, third.backend],
    { failoverAfterMs: 120_000, tryFirstLimitMs: 20 },
    { clock, log: createQuietLog(), onNotice: ({ text }) => notices.push(text) },
  );
  const ask = async () => {
    try {
      return (await chain.assess(frame, aJob(), signal)).backend;
    } catch (error) {
      return error instanceof BackendError ? error.code : String(error);
    }
  };
  return { clock, first: first.asked, second: second.asked, third: third.asked, chain, ask, notices };
}

describe('the chain of backends', () => {
  it('asks the first alone while it answers', async () => {
    const { ask, second, chain } = setUp();
    assert.equal(await ask(), 'printwatch');
    assert.equal(second.count, 0);
    assert.equal(chain.name, 'printwatch');
  });

  it('lets the second judge the same picture once the first has been blind for failover_after, and says so', async () => {
    const { ask, clock, first, notices, chain } = setUp();
    first.error = outage;
    assert.equal(await ask(), 'BACKEND_TIMEOUT');
    await clock.advance(119_000);
    assert.equal(await ask(), 'BACKEND_TIMEOUT');
    await clock.advance(1_000);
    assert.equal(await ask(), 'octoeverywhere');
    assert.equal(chain.name, 'octoeverywhere');
    assert.match(
      notices.join(),
      /octoeverywhere judges .* printwatch is blind: no answer \[BACKEND_TIMEOUT\]/,
    );
  });

  it('starts the count again after each answer', async () => {
    const { ask, clock, first } = setUp();
    first.error = outage;
    await ask();
    await clock.advance(100_000);
    first.error = null;
    await ask();
    first.error = outage;
    await clock.advance(100_000);
    assert.equal(await ask(), 'BACKEND_TIMEOUT');
  });

  it('leaves at once a backend that needs a person, down to the last that works', async () => {
    const { ask, first, second } = setUp();
    first.error = wrongKey;
    second.error = wrongKey;
    assert.equal(await ask(), 'obico');
  });

  it('leaves at once a backend that will not answer within failover_after', async () => {
    const { ask, first, notices } = setUp();
    const spent = { code: 'BACKEND_BUDGET_SPENT', retry: 'later', retryAfterMs: 600_000 } as const;
    first.error = new BackendError('all calls are used', spent);
    assert.equal(await ask(), 'octoeverywhere');
    assert.match(notices.join(), /all calls are used/);
  });

  it('leaves a backend before a wait that ends after failover_after', async () => {
    const { ask, clock, first } = setUp();
    first.error = new BackendError('busy', { code: 'BACKEND_BUSY', retry: 'soon', retryAfterMs: 60_000 });
    assert.equal(await ask(), 'BACKEND_BUSY');
    await clock.advance(60_000);
    assert.equal(await ask(), 'octoeverywhere');
  });

  it('leaves a backend that refuses us as too many or too often for failover_after', async () => {
    const { ask, clock, first } = setUp();
    first.error = new BackendError('two clients', { code: 'BACKEND_RATE_LIMITED', retry: 'soon' });
    assert.equal(await ask(), 'BACKEND_RATE_LIMITED');
    await clock.advance(120_000);
    assert.equal(await ask(), 'octoeverywhere');
  });

  it('does not hold it against a backend that it was asked too early', async () => {
    const { ask, first } = setUp();
    const early = { code: 'BACKEND_RATE_LIMITED', retry: 'soon', retryAfterMs: 1_800_000 } as const;
    first.error = new BackendError('asked too early', early);
    first.readyInMs = 1_800_000;
    assert.equal(await ask(), 'BACKEND_RATE_LIMITED');
    assert.equal(first.count, 1);
  });

  it('tells the last one’s error when none works', async () => {
    const { ask, first, second, third } = setUp();
    first.error = wrongKey;
    second.error = wrongKey;
    third.error = outage;
    assert.equal(await ask(), 'BACKEND_TIMEOUT');
  });

  it('tries the first again every five minutes, and goes back when it answers', async () => {
    const { ask, clock, first, notices } = setUp();
    first.error = wrongKey;
    await ask();
    first.error = outage;
    await clock.advance(299_000);
    await ask();
    assert.equal(first.count, 1);
    await clock.advance(1_000);
    assert.equal(await ask(), 'octoeverywhere');
    assert.equal(first.count, 2);
    first.error = null;
    await clock.advance(300_000);
    assert.equal(await ask(), 'printwatch');
    assert.match(notices.at(-1) ?? '', /answers again/);
  });

  it('does not let a first that hangs hold up the one that judges', async () => {
    const { ask, clock, first } = setUp();
    first.error = wrongKey;
    await ask();
    first.hangs = true;
    await clock.advance(300_000);
    assert.equal(await ask(), 'octoeverywhere');
  });

  it('does not change over for a bad picture or a service that does not judge yet', async () => {
    const { ask, clock, first } = setUp();
    for (const code of ['BACKEND_BAD_FRAME', 'BACKEND_WAITING'] as const) {
      first.error = new BackendError('not now', { code, retry: 'soon' });
      await ask();
      await clock.advance(600_000);
      assert.equal(await ask(), code);
    }
  });

  it('begins every print with the first and tells all that one has ended', async () => {
    const { ask, first, second, third, chain } = setUp();
    first.error = wrongKey;
    await ask();
    chain.printEnded?.(aJob());
    assert.deepEqual([first.ended, second.ended, third.ended], [1, 1, 1]);
    assert.equal(chain.name, 'printwatch');
  });
});
