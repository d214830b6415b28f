// install.sh on the hosts that it meets: what it changes, what it says, and that all of it can be taken back.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertSameTree, makeHost, repository } from './support.ts';

const sections = (conf: string) => conf.match(/^\[.*\]$/gm);

test('a stock MainsailOS host: installed, started, and taken back byte for byte', async (t) => {
  const host = makeHost(t);
  const data = join(host.home, 'printer_data');
  const before = host.tree();

  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.doesNotMatch(run.text, /FAILED/);
  const conf = host.read(join(data, 'config/moonraker.conf'));
  assert.deepEqual(sections(conf), [
    '[server]',
    '[authorization]',
    '[include extra/*.conf]',
    '[update_manager moonraker-lookout]',
  ]);
  assert.match(conf, /^origin: https:\/\/example\.org\/lookout\.git$/m, 'the token in the origin stays out');
  assert.match(conf, /^primary_branch: main$/m);
  assert.match(conf, /^managed_services: moonraker-lookout$/m);
  assert.equal(
    host.read(join(data, 'moonraker.asvc')),
    'klipper_mcu\nwebcamd\ncrowsnest\nmoonraker-lookout\n',
  );
  const backups = [...host.tree().keys()].filter((path) => path.endsWith('.bak'));
  assert.equal(backups.length, 1);
  assert.match(backups[0] ?? '', /config\/moonraker\.conf\.\d{8}-\d{6}\.bak$/);
  assert.equal(
    host.read(join(data, 'config/moonraker-lookout.conf')),
    host.read(join(host.checkout, 'moonraker-lookout.conf.example')),
  );
  assert.equal(host.read(join(data, 'config/printer.cfg')), '[printer]\nkinematics: none\n');
  for (const line of ['settings ', 'log ', 'check ', 'To remove it all'])
    assert.ok(run.text.includes(line), line);
  assert.deepEqual(
    host.calls().filter((call) => call.startsWith('systemctl')),
    ['systemctl daemon-reload ', 'systemctl enable moonraker-lookout', 'systemctl restart moonraker-lookout'],
  );

  const removal = await host.install(['--uninstall', '--yes']);
  assert.equal(removal.code, 0, removal.text);
  assertSameTree(host.tree(), before);
  assert.match(removal.text, /Nothing was left/);
});

test('a second run changes nothing, restarts nothing and says so', async (t) => {
  const host = makeHost(t);
  await host.install(['--yes']);
  const before = host.tree();
  const calls = host.calls().length;
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assertSameTree(host.tree(), before);
  assert.equal(host.calls().length, calls, host.calls().slice(calls).join('\n'));
  assert.match(run.text, /Nothing had to be changed/);
});

test('--repair installs packages and builds anew, and restarts the service', async (t) => {
  const host = makeHost(t);
  await host.install(['--yes']);
  host.write(join(host.checkout, 'dist/main.js'), 'broken');
  const calls = host.calls().length;
  const run = await host.install(['--yes', '--repair']);
  assert.equal(run.code, 0, run.text);
  assert.match(host.read(join(host.checkout, 'dist/main.js')), /0\.1\.0/);
  assert.deepEqual(host.calls().slice(calls), [
    'npm ci --omit=dev --ignore-scripts --no-audit --no-fund',
    'sudo systemctl restart --no-block moonraker-lookout',
    'systemctl restart moonraker-lookout',
  ]);
});

test('a dry run names every change and makes none', async (t) => {
  const host = makeHost(t);
  const before = host.tree();
  const run = await host.install(['--dry-run', '--extras']);
  assert.equal(run.code, 0, run.text);
  assertSameTree(host.tree(), before);
  assert.deepEqual(host.calls(), []);
  for (const change of [
    'npm ci --omit=dev',
    'moonraker-lookout.conf from moonraker-lookout.conf.example',
    'the line moonraker-lookout to',
    '[update_manager moonraker-lookout] to',
    'etc/systemd/system/moonraker-lookout.service',
    'restart moonraker if nothing prints',
  ]) {
    assert.ok(run.text.includes(change), `${change}\n${run.text}`);
  }
  assert.match(run.text, /\+managed_services: moonraker-lookout/, 'the lines of the change themselves');
});

test('a dry run of the removal leaves everything', async (t) => {
  const host = makeHost(t);
  await host.install(['--yes']);
  const before = host.tree();
  const calls = host.calls().length;
  const run = await host.install(['--uninstall', '--purge', '--dry-run']);
  assert.equal(run.code, 0, run.text);
  assertSameTree(host.tree(), before);
  assert.equal(host.calls().length, calls);
});

test('two instances: a service each, their own settings, and one can go while the other stays', async (t) => {
  const host = makeHost(t, { units: { moonraker: 'printer_data', 'moonraker-2': 'printer_2_data' } });
  host.write(join(host.home, 'printer_2_data/config/moonraker.conf'), '[server]\nport: 7126\n');
  const before = host.tree();
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.match(
    host.read(join(host.home, 'printer_2_data/config/moonraker-lookout.conf')),
    /^url: ws:\/\/127\.0\.0\.1:7126\/websocket$/m,
  );
  assert.deepEqual(sections(host.read(join(host.home, 'printer_2_data/config/moonraker.conf'))), [
    '[server]',
    '[update_manager moonraker-lookout-2]',
  ]);
  const unit = host.read(join(host.root, 'etc/systemd/system/moonraker-lookout-2.service'));
  assert.match(unit, /^After=network-online\.target moonraker-2\.service$/m);
  assert.match(unit, /--config ".*\/printer_2_data\/config\/moonraker-lookout\.conf"$/m);

  const one = await host.install(['--uninstall', '--yes', '--instance', '2']);
  assert.equal(one.code, 0, one.text);
  assert.ok(host.tree().has(join(host.root, 'etc/systemd/system/moonraker-lookout.service')));
  assert.ok(!host.tree().has(join(host.root, 'etc/systemd/system/moonraker-lookout-2.service')));
  assert.ok(host.tree().has(join(host.checkout, 'dist/main.js')), 'the other still needs the program');
  const other = await host.install(['--uninstall', '--yes']);
  assert.equal(other.code, 0, other.text);
  assertSameTree(host.tree(), before);
});

test('several instances are offered as a numbered list', async (t) => {
  const host = makeHost(t, { units: { moonraker: 'printer_data', 'moonraker-2': 'printer_2_data' } });
  const run = await host.install([], { input: '1\n' });
  assert.match(run.text, /0\) .*printer_data/);
  assert.match(run.text, /1\) .*printer_2_data/);
  assert.ok(host.tree().has(join(host.home, 'printer_2_data/config/moonraker-lookout.conf')));
  assert.ok(!host.tree().has(join(host.home, 'printer_data/config/moonraker-lookout.conf')));
});

test('nobody there to answer: nothing in Moonraker is touched without consent', async (t) => {
  const host = makeHost(t);
  const conf = host.read(join(host.home, 'printer_data/config/moonraker.conf'));
  const run = await host.install([]);
  assert.equal(run.code, 0, run.text);
  assert.equal(host.read(join(host.home, 'printer_data/config/moonraker.conf')), conf);
  assert.match(run.text, /\[SKIPPED\] not wanted/);
});

test('a folder of its own, found by --data only', async (t) => {
  const host = makeHost(t, { units: {} });
  const data = join(host.home, 'machines/big one');
  host.write(join(data, 'config/moonraker.conf'), '[server]\nport: 7130\nroute_prefix: big\n');
  const before = host.tree();
  const none = await host.install(['--yes']);
  assert.equal(none.code, 1);
  assert.match(none.text, /no Moonraker was found[\s\S]*--data/);
  assertSameTree(host.tree(), before);

  const run = await host.install(['--yes', '--data', data]);
  assert.equal(run.code, 0, run.text);
  assert.match(
    host.read(join(data, 'config/moonraker-lookout.conf')),
    /^url: ws:\/\/127\.0\.0\.1:7130\/big\/websocket$/m,
  );
  await host.install(['--uninstall', '--yes']);
  assertSameTree(host.tree(), before);
});

test('an old layout with -c: records and log are named, because the data folder is elsewhere', async (t) => {
  const host = makeHost(t, { units: {} });
  mkdirSync(join(host.home, 'printer_data'));
  host.write(join(host.home, 'klipper_config/moonraker.conf'), '[webcam nozzle #1]\nlocation: printer\n');
  writeFileSync(
    join(host.root, 'etc/systemd/system/moonraker.service'),
    `[Service]\nEnvironment=MOONRAKER_CONF=${host.home}/klipper_config/moonraker.conf\n` +
      `ExecStart=/x/bin/python /x/moonraker/moonraker.py -c \${MOONRAKER_CONF} \\\n  -l /x/moonraker.log\n`,
  );
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  const conf = host.read(join(host.home, 'klipper_config/moonraker-lookout.conf'));
  assert.match(conf, new RegExp(`^path: ${host.home}/printer_data/lookout$`, 'm'));
  assert.match(conf, new RegExp(`^file: ${host.home}/printer_data/logs/moonraker-lookout.log$`, 'm'));
  assert.match(conf, /^webcam: nozzle \\#1$/m);
});

test('units of other companions are not taken for Moonraker', async (t) => {
  const host = makeHost(t);
  writeFileSync(
    join(host.root, 'etc/systemd/system/moonraker-obico.service'),
    `[Service]\nExecStart=/x/python -m moonraker_obico.app -c ${host.home}/printer_data/config/moonraker-obico.cfg\n`,
  );
  const run = await host.install(['--dry-run']);
  assert.equal(run.code, 0, run.text);
  assert.doesNotMatch(run.text, /moonraker-obico/);
});

test('no systemd: all but the service, and the command to run it by hand', async (t) => {
  const host = makeHost(t, { hasSystemd: false });
  const before = host.tree();
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.match(run.text, /\[SKIPPED\] there is no systemd here[\s\S]*dist\/main\.js" run --config/);
  assert.deepEqual(
    host.calls().filter((call) => call.startsWith('sudo')),
    [],
  );
  const removal = await host.install(['--uninstall', '--yes']);
  assert.equal(removal.code, 0, removal.text);
  assertSameTree(host.tree(), before);
});

test('spaces and & in every path', async (t) => {
  const host = makeHost(t, { name: 'my host & co', units: { moonraker: 'my printer & data' } });
  const before = host.tree();
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  const unit = host.read(join(host.root, 'etc/systemd/system/moonraker-lookout.service'));
  assert.ok(
    unit.includes(`ExecStart="${host.root}/usr/bin/node" "${host.checkout}/dist/main.js" run --config`),
    unit,
  );
  assert.ok(unit.includes(`ReadWritePaths="-${host.home}/my printer & data/config" `), unit);
  await host.install(['--uninstall', '--yes']);
  assertSameTree(host.tree(), before);
});

test('a path that systemd would misread is refused before anything is done', async (t) => {
  const host = makeHost(t, { name: 'a%h' });
  const before = host.tree();
  const run = await host.install(['--yes']);
  assert.equal(run.code, 1);
  assert.match(run.text, /has a character that systemd would misread/);
  assertSameTree(host.tree(), before);
});

test('settings that a user changed outlive the removal, and --purge takes them with incidents and logs', async (t) => {
  const host = makeHost(t);
  const data = join(host.home, 'printer_data');
  const before = host.tree();
  await host.install(['--yes']);
  host.write(join(data, 'config/moonraker-lookout.conf'), '[detection]\nenabled: False\n');
  host.write(join(data, 'lookout/incidents/1.json'), '{}');
  host.write(join(data, 'logs/moonraker-lookout.log'), 'a line\n');
  const run = await host.install(['--uninstall', '--yes']);
  assert.equal(run.code, 0, run.text);
  assert.match(run.text, /Left where they are:[\s\S]*moonraker-lookout\.conf[\s\S]*lookout \(incidents/);
  assert.equal(host.read(join(data, 'config/moonraker-lookout.conf')), '[detection]\nenabled: False\n');
  assert.ok(host.tree().has(join(data, 'lookout/incidents/1.json')));

  const again = await host.install(['--yes']);
  assert.match(again.text, /they are there already, and are left as they are/);
  const purge = await host.install(['--uninstall', '--purge', '--yes']);
  assert.equal(purge.code, 0, purge.text);
  // The first removal left the records' folder, which then was there before the second installation.
  rmSync(join(data, 'lookout'), { recursive: true, force: true });
  assertSameTree(host.tree(), before);
});

test('wrong options and names are refused with 64', async (t) => {
  const host = makeHost(t);
  for (const args of [['--frobnicate'], ['--purge'], ['--data'], ['--yes', '--instance', 'nobody']]) {
    assert.equal((await host.install(args)).code, 64, args.join(' '));
  }
  const help = await host.install(['--help']);
  assert.equal(help.code, 0);
  for (const option of ['--yes', '--dry-run', '--uninstall', '--purge', '--repair', '--instance', '--data']) {
    assert.ok(help.text.includes(option), option);
  }
});

test('moonraker.conf.example shows the block that is written', async (t) => {
  const host = makeHost(t);
  await host.install(['--yes']);
  const section = (text: string) =>
    /^\[update_manager moonraker-lookout\]\n(?:\S.*\n| {2}.*\n)+/m.exec(text)?.[0] ?? '';
  const written = section(
    host.read(join(host.home, 'printer_data/config/moonraker.conf')).replace(/^# <<<.*/m, ''),
  )
    .replace(host.checkout, '~/moonraker-lookout')
    .replace('https://example.org/lookout.git', 'https://github.com/OWNER/moonraker-lookout.git');
  assert.equal(section(host.read(join(repository, 'moonraker.conf.example'))), written);
});
