import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createSystemdNotify } from '../../src/service/systemd.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'lookout-systemd-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const told = join(folder, 'told');
writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\nprintf '%s|' "$@" "$NOTIFY_SOCKET" >> ${told}\n`, {
  mode: 0o755,
});
const env = { PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '120000000' };
const heard = async (text: string) =>
  until(`systemd hears ${text}`, () => existsSync(told) && readFileSync(told, 'utf8').includes(text));

describe('the way to systemd', () => {
  it('says ready, alive and stopping, each with its own words', async () => {
    const systemd = createSystemdNotify({ env, log: createQuietLog() });
    assert.equal(systemd.watchdogMs, 120_000);
    systemd.ready('idle');
    await heard('READY=1|STATUS=idle|/run/notify|');
    systemd.alive('printing\nREADY=0');
    await heard('WATCHDOG=1|STATUS=printing READY=0|');
    systemd.stopping();
    await heard('STOPPING=1|');
  });

  it('does nothing where no systemd listens', () => {
    const systemd = createSystemdNotify({ env: { PATH: folder }, log: createQuietLog() });
    const before = readFileSync(told, 'utf8');
    systemd.ready('idle');
    systemd.alive('idle');
    assert.equal(systemd.watchdogMs, null);
    assert.equal(readFileSync(told, 'utf8'), before);
  });

  it('goes on where systemd-notify is missing, and logs it', async () => {
    const log = createQuietLog();
    const systemd = createSystemdNotify({ env: { ...env, PATH: '/nowhere' }, log });
    systemd.ready('idle');
    await until('a warning', () => log.lines.some(({ level }) => level === 'warn'));
  });
});
