import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { MoonrakerError } from '../../src/core/errors.ts';
import type { Answered } from '../../src/core/ports.ts';
import type { Alert } from '../../src/core/types.ts';
import type { ConnectionState } from '../../src/moonraker/connection.ts';
import { createPrompts } from '../../src/moonraker/prompts.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const { signal } = new AbortController();
const alert: Alert = {
  incidentId: 'a1',
  level: 'failing',
  title: 'Print failure',
  lines: ['Spaghetti.'],
  answers: ['resume', 'cancel'],
};

/** A Klipper that only knows RESPOND, a Moonraker that keeps the console, and what the users' screens show. */
function setUp(t: TestContext, { store = [] as string[], hasRespond = true } = {}) {
  const clock = createFakeClock();
  const console: string[] = [...store];
  const lineListeners = new Set<(line: string) => void>();
  const stateListeners = new Set<(state: ConnectionState) => void>();
  const up: ConnectionState = {
    kind: 'up',
    info: { klippy_state: 'ready', moonraker_version: '', api_version_string: '', failed_components: [] },
  };
  const down: ConnectionState = {
    kind: 'down',
    error: new MoonrakerError('gone', { code: 'MOONRAKER_CLOSED', retry: 'soon' }),
  };
  let state: ConnectionState = up;
  let refuseWith: Error | null = null;
  let hold: Promise<void> | null = null;
  const scripts: string[] = [];
  const say = (line: string) => {
    console.push(line);
    if (state === up) for (const listener of [...lineListeners]) listener(line);
  };
  const printer = {
    onGcodeResponse: (listener: (line: string) => void) => {
      lineListeners.add(listener);
      return () => lineListeners.delete(listener);
    },
    runGcode: async (script: string) => {
      scripts.push(script);
      await hold;
      if (refuseWith !== null) throw refuseWith;
      for (const line of script.split('\n')) {
        const message = /MSG="(.*)"$/.exec(line)?.[1] ?? /MSG=(\S+)$/.exec(line)?.[1];
        say(hasRespond ? `// ${message}` : '// Unknown command:"RESPOND"');
      }
    },
  };
  const connection = {
    get state() {
      return state;
    },
    onState: (listener: (state: ConnectionState) => void) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    call: (async () => ({
      gcode_store: console.map((message) => ({ message, time: 0, type: 'response' })),
    })) as never,
  };
  const prompts = createPrompts({ connection, printer, clock, log: createQuietLog() });
  const answers: Answered[] = [];
  prompts.onAnswered((answered) => answers.push(answered));
  const abort = new AbortController();
  const running = prompts.run(abort.signal);
  t.after(async () => {
    abort.abort();
    await running;
    assert.equal(lineListeners.size + stateListeners.size, 0);
  });
  const change = (next: ConnectionState) => {
    state = next;
    for (const listener of [...stateListeners]) listener(next);
  };
  return {
    ...{ prompts, answers, scripts, say, console, clock },
    settle: () => clock.advance(0),
    goDown: () => change(down),
    goUp: () => change(up),
    refuse: (error: Error | null) => {
      refuseWith = error;
    },
    holdLock: () => {
      let release: () => void = () => undefined;
      hold = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    /** The title of the prompt that is on the screens. */
    screen: () => {
      let title: string | null = null;
      for (const line of console) {
        const begun = /^\/\/ action:prompt_begin (.*)$/.exec(line);
        if (begun !== null) title = begun[1] ?? '';
        if (line === '// action:prompt_end') title = null;
      }
      return title;
    },
  };
}

const foreign = [
  '// action:prompt_begin RESUME aborted !!!',
  '// action:prompt_text cold',
  '// action:prompt_show',
];

describe('raise and close', () => {
  it('shows the prompt with one script and takes it away again', async (t) => {
    const { prompts, screen, scripts, answers } = setUp(t);
    assert.equal(await prompts.raise(alert, signal), 'shown');
    assert.equal(screen(), 'Print failure');
    await prompts.close('a1', signal);
    assert.equal(screen(), null);
    assert.equal(scripts.length, 2);
    assert.deepEqual(answers, []);
  });

  it('replaces the first by the second', async (t) => {
    const { prompts, screen } = setUp(t);
    await prompts.raise(alert, signal);
    assert.equal(await prompts.raise({ ...alert, title: 'Still failing' }, signal), 'shown');
    assert.equal(screen(), 'Still failing');
    await prompts.close('a1', signal);
    assert.equal(screen(), null);
  });

  it('does nothing to close what is not open', async (t) => {
    const { prompts, scripts } = setUp(t);
    await prompts.close('other', signal);
    assert.deepEqual(scripts, []);
  });

  it('closes the prompt of a former life of ours', async (t) => {
    const store = [
      '// action:prompt_begin Old',
      '// action:prompt_button R|RESPOND TYPE=command MSG=action:lookout_resume_old-1|primary',
      '// action:prompt_show',
    ];
    const { prompts, screen, answers } = setUp(t, { store });
    await prompts.close('old-1', signal);
    assert.equal(screen(), null);
    assert.deepEqual(answers, []);
  });

  it('closes the prompt of a former life that nobody asks for again', async (t) => {
    const store = [
      '// action:prompt_begin Old',
      '// action:prompt_button R|RESPOND TYPE=command MSG=action:lookout_resume_old-1|primary',
      '// action:prompt_show',
    ];
    const { clock, screen, answers } = setUp(t, { store });
    await clock.advance(14_000);
    assert.equal(screen(), 'Old');
    await clock.advance(2_000);
    assert.equal(screen(), null);
    assert.deepEqual(answers, []);
  });

  it('leaves the prompt of a former life alone when it is wanted again', async (t) => {
    const store = [
      '// action:prompt_begin Old',
      '// action:prompt_button R|RESPOND TYPE=command MSG=action:lookout_resume_a1|primary',
      '// action:prompt_show',
    ];
    const { clock, prompts, screen } = setUp(t, { store });
    await clock.advance(1_000);
    await prompts.raise(alert, signal);
    await clock.advance(60_000);
    assert.equal(screen(), 'Print failure');
  });

  it('ends a prompt that was closed while it still stood in the queue', async (t) => {
    const { prompts, screen, holdLock, settle } = setUp(t);
    const release = holdLock();
    const raising = prompts.raise(alert, signal);
    await settle();
    const closing = prompts.close('a1', signal);
    release();
    await Promise.all([raising, closing]);
    await settle();
    assert.equal(screen(), null);
  });

  it('says what to do without [respond]', async (t) => {
    const { prompts } = setUp(t, { hasRespond: false });
    await assert.rejects(prompts.raise(alert, signal), (error) => {
      assert.ok(error instanceof MoonrakerError);
      assert.deepEqual([error.code, error.retry], ['MOONRAKER_REFUSED', 'never']);
      assert.match(error.hint, /\[respond\]/);
      return true;
    });
  });

  it('rejects when Klipper refuses, does not hammer, and tries again when asked', async (t) => {
    const { prompts, refuse, scripts, settle, screen } = setUp(t);
    refuse(new MoonrakerError('not ready', { code: 'KLIPPY_NOT_READY', retry: 'soon' }));
    await assert.rejects(prompts.raise(alert, signal), /not ready/);
    await settle();
    assert.equal(scripts.length, 1);
    refuse(null);
    assert.equal(await prompts.raise({ ...alert }, signal), 'shown');
    assert.equal(screen(), 'Print failure');
  });

  it('ends waiting with the signal', async (t) => {
    const { prompts, holdLock } = setUp(t);
    const release = holdLock();
    const abort = new AbortController();
    const raising = prompts.raise(alert, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(raising, /enough/);
    release();
  });
});

describe('answers', () => {
  it('tells which button was pressed, and of which incident', async (t) => {
    const { prompts, answers, say } = setUp(t);
    await prompts.raise({ ...alert, incidentId: 'print 7/3' }, signal);
    say('// action:lookout_resume_print-7-3');
    say('// action:lookout_cancel_long-ago');
    assert.deepEqual(answers, [
      { answer: 'resume', incidentId: 'print 7/3', through: 'prompt' },
      { answer: 'cancel', incidentId: 'long-ago', through: 'prompt' },
    ]);
  });

  it('takes the X for seen, once, and does not show the prompt again', async (t) => {
    const { prompts, answers, say, settle, scripts } = setUp(t);
    await prompts.raise(alert, signal);
    say('// action:prompt_end');
    say('// action:prompt_end');
    await settle();
    assert.deepEqual(answers, [{ answer: 'seen', incidentId: 'a1', through: 'prompt' }]);
    assert.equal(scripts.length, 1);
    await prompts.close('a1', signal);
    assert.equal(scripts.length, 1);
  });
});

describe("another program's prompt", () => {
  it('is waited for, and ours follows when it ends', async (t) => {
    const { prompts, say, screen, settle } = setUp(t);
    for (const line of foreign) say(line);
    assert.equal(await prompts.raise(alert, signal), 'waiting');
    assert.equal(screen(), 'RESUME aborted !!!');
    say('// action:prompt_end');
    await settle();
    assert.equal(screen(), 'Print failure');
  });

  it('is known from before we came', async (t) => {
    const { prompts, screen, answers } = setUp(t, { store: foreign });
    assert.equal(await prompts.raise(alert, signal), 'waiting');
    assert.equal(screen(), 'RESUME aborted !!!');
    assert.deepEqual(answers, []);
  });

  it('may take the place of ours, which comes back after it', async (t) => {
    const { prompts, say, screen, settle, answers } = setUp(t);
    await prompts.raise(alert, signal);
    for (const line of foreign) say(line);
    await settle();
    assert.equal(screen(), 'RESUME aborted !!!');
    say('// action:prompt_end');
    await settle();
    assert.equal(screen(), 'Print failure');
    assert.deepEqual(answers, []);
  });

  it('is left alone when ours is closed meanwhile', async (t) => {
    const { prompts, say, screen, settle, scripts } = setUp(t);
    for (const line of foreign) say(line);
    await prompts.raise(alert, signal);
    await prompts.close('a1', signal);
    say('// action:prompt_end');
    await settle();
    assert.deepEqual([screen(), scripts], [null, []]);
  });

  it('is not waited for when it is begun and never shown', async (t) => {
    const { prompts, say, screen, clock } = setUp(t);
    say('// action:prompt_begin Half');
    assert.equal(await prompts.raise(alert, signal), 'waiting');
    await clock.advance(10_000);
    assert.equal(screen(), 'Print failure');
  });
});

describe('after an outage', () => {
  it('leaves a prompt alone that is still open', async (t) => {
    const { prompts, goDown, goUp, settle, scripts } = setUp(t);
    await prompts.raise(alert, signal);
    goDown();
    goUp();
    await settle();
    assert.equal(scripts.length, 1);
  });

  it('shows it again when Moonraker has forgotten it', async (t) => {
    const { prompts, goDown, goUp, settle, scripts, console } = setUp(t);
    await prompts.raise(alert, signal);
    goDown();
    console.length = 0;
    goUp();
    await settle();
    assert.equal(scripts.length, 2);
  });

  it('learns that somebody closed it meanwhile', async (t) => {
    const { prompts, goDown, goUp, settle, scripts, say, answers } = setUp(t);
    await prompts.raise(alert, signal);
    goDown();
    say('// action:prompt_end');
    goUp();
    await settle();
    assert.equal(scripts.length, 1);
    assert.deepEqual(answers, [{ answer: 'seen', incidentId: 'a1', through: 'prompt' }]);
  });

  it('waits for a prompt that another program opened meanwhile', async (t) => {
    const { prompts, goDown, goUp, settle, screen, say } = setUp(t);
    await prompts.raise(alert, signal);
    goDown();
    for (const line of foreign) say(line);
    goUp();
    await settle();
    assert.equal(screen(), 'RESUME aborted !!!');
    say('// action:prompt_end');
    await settle();
    assert.equal(screen(), 'Print failure');
  });

  it('shows what could not be shown before', async (t) => {
    const { prompts, goDown, goUp, settle, screen } = setUp(t);
    goDown();
    const raising = prompts.raise(alert, signal);
    await settle();
    assert.equal(screen(), null);
    goUp();
    assert.equal(await raising, 'shown');
  });
});
