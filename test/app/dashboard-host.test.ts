// A dashboard that cannot be opened costs the watching nothing but the page.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { startDashboard } from '../../src/app/dashboard-host.ts';
import { loadSettings } from '../../src/app/settings.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';

it('a port that is taken is told, with what to do, and the process goes on without a page', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-dashboard-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  assert.ok(address !== null && typeof address === 'object');
  const file = join(folder, 'moonraker-lookout.conf');
  writeFileSync(file, `[dashboard]\nlisten: 127.0.0.1\nport: ${address.port}\n`);
  const log = createQuietLog();
  const opened = await startDashboard(
    { loaded: loadSettings(file, {}), printers: [], version: '1', pageFolder: 'dist/page' },
    { clock: systemClock, log },
  );
  assert.equal(opened, null);
  const [line] = log.lines.filter(({ level }) => level === 'warn');
  assert.equal(line?.message, 'the dashboard cannot be opened; the watching goes on without it');
  assert.match(String(line?.fields['error']), /EADDRINUSE/);
  assert.match(String(line?.fields['hint']), /another port in \[dashboard\]/);
});
