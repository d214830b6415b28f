// Areas drawn on the page: in the file with a copy of the old one, in force at once, and nobody's work lost.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createMaskStore } from '../../src/app/mask-store.ts';
import { ConfigError } from '../../src/core/errors.ts';
import { type Area, rectangle } from '../../src/core/regions.ts';

function house(t: TestContext, text: string | null) {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-masks-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'moonraker-lookout.conf');
  if (text !== null) writeFileSync(file, text);
  let areas: readonly Area[] = [];
  const store = createMaskStore({
    file,
    section: 'camera',
    current: () => areas,
    apply: (next) => {
      areas = next;
    },
  });
  const copies = () => readdirSync(folder).filter((name) => name.endsWith('.bak'));
  return { store, file, copies, areas: () => areas, read: () => readFileSync(file, 'utf8') };
}

const area = rectangle({ x: 0.1, y: 0.2 }, { x: 0.3, y: 0.4 });
const hasCode = (code: string) => (error: unknown) => error instanceof ConfigError && error.code === code;

describe('saving areas', () => {
  it('keeps the comments, makes a copy and puts them in force', async (t) => {
    const { store, read, copies, areas } = house(t, '# mine\n[camera]\nwebcam: bed\n');
    await store.save([area], store.read().version);
    assert.equal(read(), '# mine\n[camera]\nwebcam: bed\nignore:\n    0.1,0.2,0.3,0.4\n');
    assert.deepEqual(areas(), [area]);
    assert.equal(copies().length, 1);
    await store.save([], store.read().version);
    assert.equal(read(), '# mine\n[camera]\nwebcam: bed\n');
    assert.equal(copies().length, 2, 'two within a second are two copies');
    assert.deepEqual(store.read().areas, []);
  });

  it('refuses the second of two pages, and anybody after an editor', async (t) => {
    const { store, file, areas } = house(t, '[camera]\n');
    const { version } = store.read();
    const both = await Promise.allSettled([store.save([area], version), store.save([], version)]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.deepEqual(areas(), [area]);
    const seen = store.read().version;
    writeFileSync(file, '[camera]\nwebcam: other\n');
    await assert.rejects(store.save([], seen), hasCode('CONFIG_CHANGED'));
    assert.equal(readFileSync(file, 'utf8'), '[camera]\nwebcam: other\n');
  });

  it('makes a file where there is none', async (t) => {
    const { store, read, copies } = house(t, null);
    await store.save([area], store.read().version);
    assert.equal(read(), '[camera]\nignore:\n    0.1,0.2,0.3,0.4\n');
    assert.deepEqual(copies(), []);
  });

  it('refuses areas that leave nothing to judge', async (t) => {
    const { store, read } = house(t, '[camera]\n');
    const whole = rectangle({ x: 0, y: 0 }, { x: 1, y: 1 });
    await assert.rejects(store.save([whole], store.read().version), hasCode('CONFIG_INVALID'));
    assert.equal(read(), '[camera]\n');
  });

  it('says what to do when the file cannot be written', async (t) => {
    const { store, file, areas, read } = house(t, '[camera]\n');
    // Also root cannot write a file where a folder is.
    mkdirSync(join(dirname(file), `.moonraker-lookout.conf.${process.pid}.tmp`));
    await assert.rejects(store.save([area], store.read().version), hasCode('CONFIG_NOT_WRITTEN'));
    assert.deepEqual(areas(), []);
    assert.equal(read(), '[camera]\n');
  });
});
