// What install.sh does to a Moonraker that runs: never restarted during a print, never given a broken file.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertSameTree, type Host, makeHost } from './support.ts';

/** Answers like Moonraker on a free port; the host's moonraker.conf names it. */
async function startMoonraker(t: TestContext, host: Host, answers: Readonly<Record<string, unknown>>) {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const result = answers[path];
    response.writeHead(result === undefined ? 401 : 200).end(JSON.stringify({ result }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  host.write(
    join(host.home, 'printer_data/config/moonraker.conf'),
    `[server]\nhost: 127.0.0.1\nport: ${address.port}\n`,
  );
}

const answersFor = (klippyState: string, printState: string) => ({
  '/server/info': { klippy_state: klippyState },
  '/printer/objects/query': { status: { print_stats: { state: printState } } },
  '/server/webcams/list': {
    webcams: [
      { name: 'Bed', enabled: true },
      { name: 'off', enabled: false },
    ],
  },
});

for (const [klippy, print, says, restarts] of [
  ['ready', 'standby', /\[OK\] moonraker restarted/, 1],
  ['ready', 'complete', /\[OK\] moonraker restarted/, 1],
  ['shutdown', '', /\[OK\] moonraker restarted/, 1],
  ['ready', 'printing', /a print is running; restart moonraker when it has ended/, 0],
  ['ready', 'paused', /a print is running; restart moonraker when it has ended/, 0],
  ['disconnected', '', /nobody could say whether something prints \(Klipper is disconnected\)/, 0],
] as const) {
  test(`Klipper ${klippy}, print ${print || 'unknown'}: ${restarts === 1 ? 'restarted' : 'not restarted'}`, async (t) => {
    const host = makeHost(t);
    await startMoonraker(t, host, answersFor(klippy, print));
    const run = await host.install(['--yes']);
    assert.equal(run.code, 0, run.text);
    assert.match(run.text, says);
    assert.equal(host.calls().filter((call) => call === 'systemctl restart moonraker').length, restarts);
    const again = await host.install(['--yes']);
    assert.equal(again.code, 0, again.text);
    assert.equal(host.calls().filter((call) => call === 'systemctl restart moonraker').length, restarts);
  });
}

test('a Moonraker that wants a login: not restarted, and the user is told', async (t) => {
  const host = makeHost(t);
  await startMoonraker(t, host, {});
  const run = await host.install(['--yes']);
  assert.match(run.text, /nobody could say whether something prints \(HTTP 401\)/);
  assert.ok(!host.calls().includes('systemctl restart moonraker'));
});

test('a restart that had to wait is made up for by a later run, unless Moonraker has read the changes', async (t) => {
  const host = makeHost(t);
  const answers: Record<string, unknown> = answersFor('ready', 'printing');
  await startMoonraker(t, host, answers);
  await host.install(['--yes']);
  answers['/server/config'] = { config: { server: {} } };
  const waiting = await host.install(['--yes']);
  assert.match(waiting.text, /a print is running/);
  answers['/server/config'] = { config: { 'update_manager moonraker-lookout': {} } };
  const read = await host.install(['--yes']);
  assert.doesNotMatch(read.text, /Restart of Moonraker/);
  assert.ok(!host.calls().includes('systemctl restart moonraker'));
});

test('consent is asked for the entry and for the restart', async (t) => {
  const host = makeHost(t);
  await startMoonraker(t, host, answersFor('ready', 'standby'));
  const run = await host.install([], { input: 'y\nn\nn\n' });
  assert.equal(run.code, 0, run.text);
  assert.match(
    host.read(join(host.home, 'printer_data/config/moonraker.conf')),
    /update_manager moonraker-lookout/,
  );
  assert.match(run.text, /Nothing prints\. Restart moonraker now/);
  assert.ok(!host.calls().includes('systemctl restart moonraker'));
});

test('the only enabled webcam and the port go into the settings', async (t) => {
  const host = makeHost(t);
  await startMoonraker(t, host, answersFor('ready', 'standby'));
  await host.install(['--yes']);
  const conf = host.read(join(host.home, 'printer_data/config/moonraker-lookout.conf'));
  assert.match(conf, /^webcam: Bed$/m);
  assert.match(conf, /^url: ws:\/\/127\.0\.0\.1:\d+\/websocket$/m);
});

test('extras: a link merged into navi.json, macros beside printer.cfg, a notifier example, all taken back', async (t) => {
  const host = makeHost(t);
  const config = join(host.home, 'printer_data/config');
  const navi = '[ {"title":"Wiki","href":"https://example.org","position":35} ]';
  host.write(join(config, '.theme/navi.json'), navi);
  host.write(join(host.checkout, 'klipper/lookout.cfg'), '[gcode_macro LOOKOUT_STATUS]\ngcode:\n');
  const before = host.tree();
  const run = await host.install(['--yes', '--extras']);
  assert.equal(run.code, 0, run.text);
  const links: unknown = JSON.parse(host.read(join(config, '.theme/navi.json')));
  assert.ok(Array.isArray(links));
  assert.deepEqual(
    links.map((link) => link.title),
    ['Wiki', 'Lookout'],
  );
  assert.match(links[1].href, /^http:\/\/.+\.local:7136\/$/);
  assert.equal(host.read(join(config, 'lookout.cfg')), '[gcode_macro LOOKOUT_STATUS]\ngcode:\n');
  assert.equal(host.read(join(config, 'printer.cfg')), '[printer]\nkinematics: none\n');
  assert.match(host.read(join(config, 'moonraker.conf')), /^#\[notifier lookout\]$/m);
  const second = await host.install(['--yes', '--extras']);
  assert.match(second.text, /Nothing had to be changed/);
  const removal = await host.install(['--uninstall', '--yes']);
  assert.equal(removal.code, 0, removal.text);
  assertSameTree(host.tree(), before);
});

test('extras without a theme folder make one and take it back; a broken navi.json is left alone', async (t) => {
  const host = makeHost(t);
  const file = join(host.home, 'printer_data/config/.theme/navi.json');
  host.write(
    join(host.checkout, 'moonraker-lookout.conf.example'),
    '[moonraker]\n#url: x\n\n[dashboard]\n#port: 7136\n',
  );
  const before = host.tree();
  await host.install(['--yes', '--extras']);
  assert.match(host.read(file), /"Lookout"/);
  await host.install(['--uninstall', '--yes']);
  assertSameTree(host.tree(), before);

  host.write(file, '[{,]');
  const run = await host.install(['--yes', '--extras']);
  assert.match(run.text, /navi\.json cannot be read[\s\S]*left as it is/);
  assert.equal(host.read(file), '[{,]');
});

test('a link that somebody added since stays when ours goes', async (t) => {
  const host = makeHost(t);
  const file = join(host.home, 'printer_data/config/.theme/navi.json');
  host.write(
    join(host.checkout, 'moonraker-lookout.conf.example'),
    '[moonraker]\n#url: x\n\n[dashboard]\n#port: 7136\n',
  );
  host.write(file, '[]');
  await host.install(['--yes', '--extras']);
  const links: unknown[] = JSON.parse(host.read(file));
  host.write(file, JSON.stringify([...links, { title: 'Wiki', href: 'https://example.org' }]));
  await host.install(['--uninstall', '--yes']);
  assert.deepEqual(JSON.parse(host.read(file)), [{ title: 'Wiki', href: 'https://example.org' }]);
});

test('macros are not copied to where printer.cfg would load them by itself', async (t) => {
  const host = makeHost(t);
  const config = join(host.home, 'printer_data/config');
  host.write(join(host.checkout, 'klipper/lookout.cfg'), '[gcode_macro LOOKOUT_STATUS]\ngcode:\n');
  host.write(join(config, 'printer.cfg'), '[include *.cfg]\n');
  const run = await host.install(['--yes', '--extras']);
  assert.match(run.text, /printer\.cfg includes every \.cfg of that folder/);
  assert.ok(!host.tree().has(join(config, 'lookout.cfg')));
});
