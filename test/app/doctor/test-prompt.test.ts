import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { showTestPrompt } from '../../../src/app/doctor/test-prompt.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

/** Klipper as far as RESPOND goes: every message comes back as a line. */
function start({ knowsRespond = true } = {}) {
  const clock = createFakeClock();
  const listeners = new Set<(line: string) => void>();
  const lines: string[] = [];
  const say = (line: string) => {
    lines.push(line);
    for (const listener of [...listeners]) listener(line);
  };
  const printer = {
    runGcode: async (script: string) => {
      for (const command of script.split('\n')) {
        say(knowsRespond ? `// ${/MSG="?([^"]*)"?$/.exec(command)?.[1]}` : '// Unknown command:"RESPOND"');
      }
    },
    onGcodeResponse: (listener: (line: string) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const connection = {
    call: async <Schema extends v.GenericSchema>(_: string, __: object, schema: Schema) =>
      v.parse(schema, { gcode_store: [] }),
  };
  const stop = new AbortController();
  const outcome = showTestPrompt({ connection, printer, clock, say: () => {} }, stop.signal);
  return { clock, lines, say, stop, outcome, listeners };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('it ends by itself after a minute', async () => {
  const { clock, lines, outcome, listeners } = start();
  await tick();
  await clock.advance(59_999);
  assert.equal(lines.at(-1), '// action:prompt_show');
  await clock.advance(1);
  const { level, text } = await outcome;
  assert.equal(level, 'WARN');
  assert.match(text, /nobody pressed its button within 60 s/);
  assert.equal(lines.at(-1), '// action:prompt_end');
  assert.equal(listeners.size, 0);
});

test('closed by hand it is not closed again, and one that takes its place is left alone', async () => {
  const closed = start();
  await tick();
  closed.say('// action:prompt_end');
  assert.equal((await closed.outcome).level, 'OK');
  assert.equal(closed.lines.filter((line) => line === '// action:prompt_end').length, 1);

  const replaced = start();
  await tick();
  replaced.say('// action:prompt_begin Filament');
  assert.match((await replaced.outcome).text, /took its place/);
  assert.equal(replaced.lines.includes('// action:prompt_end'), false);
});

test('without RESPOND it fails at once, and an abort takes it away', async () => {
  assert.match((await start({ knowsRespond: false }).outcome).text, /does not know RESPOND/);
  const { lines, stop, outcome } = start();
  await tick();
  stop.abort(new Error('stopped'));
  await assert.rejects(outcome, /stopped/);
  assert.equal(lines.at(-1), '// action:prompt_end');
});
