// The command `doctor` as a user calls it, in a house of real servers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from '../../support/until.ts';
import { type House, type HouseOptions, inHouse, secrets } from './house.ts';

/** A line by its level and its point. */
const line = (level: 'OK' | 'WARN' | 'FAIL', about: string, text = '') =>
  new RegExp(`^${level} +${about.replace(/[[\]]/g, '\\$&')}: .*${text}`, 'm');

const unit =
  (change: Readonly<Record<string, string>> = {}) =>
  ({ confFile, data }: { readonly confFile: string; readonly data: string }) => {
    const lines = {
      Id: 'moonraker-lookout.service',
      LoadState: 'loaded',
      ActiveState: 'active',
      SubState: 'running',
      Result: 'success',
      ExecMainStatus: '0',
      NRestarts: '0',
      UnitFileState: 'enabled',
      NeedDaemonReload: 'no',
      Type: 'notify',
      ProtectSystem: 'strict',
      NoNewPrivileges: 'yes',
      ReadWritePaths: `-${data}/config -${data}/logs -${data}/lookout`,
      StatusText: 'nothing prints',
      ExecStart: `{ path=/usr/bin/node ; argv[]=/usr/bin/node dist/main.js run --config ${confFile} ; ignore_errors=no }`,
      ...change,
    };
    return `Id=moonraker-lookout-other.service\nLoadState=loaded\nExecStart={ argv[]=x --config /else ; }\n\n${Object.entries(
      lines,
    )
      .map(([name, value]) => `${name}=${value}`)
      .join('\n')}\n`;
  };

const entry = {
  version: 'v0.1.0',
  remote_version: 'v0.1.0',
  is_valid: true,
  is_dirty: false,
  commits_behind_count: 0,
};
const updates = (change: object = {}) => ({
  'moonraker-lookout': { ...entry, warnings: [], anomalies: [], ...change },
});

const usual = (live: (house: House) => Promise<void>, options: HouseOptions = {}) =>
  inHouse({ systemctl: unit(), moonraker: { updates: updates() }, ...options }, live);

describe('doctor', { concurrency: 4 }, () => {
  it('finds nothing wrong where nothing is wrong, beside the running service', async () => {
    await usual(async ({ start, doctor }) => {
      const service = start('run');
      await until('the agent', () => /connected/.test(service.output()));
      const { code, output } = await doctor();
      assert.equal(code, 0, output);
      for (const point of [
        'configuration',
        'Node',
        'service',
        'sandbox',
        "Moonraker's warnings",
        'updates',
        'clock',
      ])
        assert.match(output, line('OK', point), point);
      assert.match(output, line('OK', 'Moonraker', 'API 1\\.5\\.0, at ws:.* let in with the API key'));
      assert.match(output, line('OK', 'agent', 'lookout is connected, version'));
      assert.match(output, line('OK', 'clock', 'agrees with Moonraker'));
      for (const point of [
        'Klipper',
        '[pause_resume]',
        '[respond]',
        'macro RESUME',
        'macro CANCEL_PRINT',
        'printer.cfg',
      ])
        assert.match(output, line('OK', point), point);
      assert.match(
        output,
        line(
          'OK',
          'webcam "bed"',
          'http://127\\.0\\.0\\.1:\\d+/.* gives 320x240, \\d+ KiB, at most \\d+ ms old',
        ),
      );
      assert.match(output, /To use it and no other, in \[camera\]: webcam: bed/);
      assert.match(output, line('OK', 'picture', '320x240'));
      assert.match(output, line('OK', 'backend octoeverywhere'));
      assert.match(output, /^Nothing fails\.$/m);
      for (const secret of Object.values(secrets)) assert.equal(output.includes(secret), false);
      service.kill('SIGTERM');
      assert.equal(await service.ended, 0);
    });
  });

  it('says what is wrong with the service, and how to mend it', async () => {
    const cases: readonly [Readonly<Record<string, string>>, RegExp, RegExp][] = [
      [
        { ActiveState: 'failed', Result: 'watchdog' },
        line('FAIL', 'service', 'watchdog'),
        /journalctl -u moonraker-lookout/,
      ],
      [
        { ActiveState: 'failed', ExecMainStatus: '78' },
        line('FAIL', 'service', 'configuration'),
        /restart moonraker-lookout/,
      ],
      [
        { ActiveState: 'inactive' },
        line('FAIL', 'service', 'does not run'),
        /systemctl start moonraker-lookout/,
      ],
      [{ NRestarts: '4' }, line('WARN', 'service', 'anew 4 times'), /journalctl/],
      [{ UnitFileState: 'disabled' }, line('WARN', 'service', 'not start with'), /systemctl enable/],
      [{ NeedDaemonReload: 'yes' }, line('WARN', 'service', 'has changed'), /daemon-reload/],
      [
        { Type: 'simple', ProtectSystem: 'no' },
        line('WARN', 'sandbox', 'Type=simple, ProtectSystem=no'),
        /install\.sh/,
      ],
      [{ ReadWritePaths: '-/else' }, line('FAIL', 'sandbox', 'records'), /ReadWritePaths=.*lookout.* .*logs/],
      [
        { ExecStart: '{ argv[]=x --config /other ; }' },
        line('WARN', 'service', 'none runs this'),
        /--config FILE/,
      ],
    ];
    for (const [change, finding, mend] of cases) {
      await usual(
        async ({ doctor }) => {
          const { output } = await doctor();
          assert.match(output, finding);
          assert.match(output, mend);
          if (change['ActiveState'] === undefined && change['ExecStart'] === undefined)
            assert.match(output, line('FAIL', 'agent', 'runs but is not connected'));
          else assert.match(output, line('WARN', 'agent', 'nobody watches'));
        },
        { systemctl: unit(change), moonraker: { updates: updates(), webcams: [] } },
      );
    }
  });

  it('goes on without systemd, update manager and webcams, and fails for the picture only', async () => {
    await usual(
      async ({ doctor }) => {
        const { code, output } = await doctor();
        assert.equal(code, 1);
        assert.match(output, line('OK', 'service', 'no systemd here'));
        assert.match(output, line('WARN', 'updates', 'does not answer'));
        assert.match(output, line('FAIL', 'picture', 'CAMERA_NOT_FOUND'));
        assert.equal(output.match(/^FAIL/gm)?.length, 1, output);
      },
      { systemctl: null, moonraker: { webcams: [] } },
    );
  });

  it('tells the state of the update manager and what Moonraker warns of', async () => {
    const states: readonly [object, RegExp][] = [
      [
        { is_dirty: true, anomalies: ['Diverged from remote'] },
        line('WARN', 'updates', 'have been changed; Diverged'),
      ],
      [{ is_valid: false }, line('WARN', 'updates', 'not a valid checkout')],
      [{ commits_behind_count: 3, remote_version: 'v0.2.0' }, line('OK', 'updates', 'v0\\.2\\.0 can be had')],
    ];
    for (const [change, finding] of states) {
      await usual(
        async ({ doctor }) => {
          const { output } = await doctor();
          assert.match(output, finding);
          assert.match(output, line('WARN', "Moonraker's warnings", "Unparsed config option 'x'"));
        },
        { moonraker: { updates: updates(change), warnings: ["Unparsed config option 'x'"], webcams: [] } },
      );
    }
  });

  it('looks at sections and macros', async () => {
    await usual(
      async ({ doctor }) => {
        const { output } = await doctor();
        assert.match(output, line('WARN', 'macro PAUSE', "Klipper's own: the nozzle stays on the print"));
        assert.match(output, line('OK', 'macro CANCEL_PRINT', "Klipper's own"));
      },
      { printer: { macros: 'plain' }, moonraker: { webcams: [] } },
    );
  });

  it('says of each webcam what was tried', async () => {
    await usual(
      async ({ doctor, moonraker, webcam }) => {
        moonraker.setWebcams([
          { name: 'bed', snapshot_url: webcam.snapshotUrl },
          { name: 'gone', snapshot_url: `${webcam.baseUrl}/nowhere?token=hidden-token` },
          { name: 'page', service: 'iframe', stream_url: 'http://127.0.0.1/' },
          { name: 'off', snapshot_url: webcam.snapshotUrl, enabled: false },
        ]);
        webcam.setFault('frozen');
        const { code, output } = await doctor();
        assert.equal(code, 0, output);
        assert.match(output, line('WARN', 'webcam "bed"', 'gives 320x240.*the same picture after 2\\.5 s'));
        assert.match(output, line('WARN', 'webcam "gone"', '404.*/nowhere.*CAMERA_HTTP_STATUS'));
        assert.match(output, line('WARN', 'webcam "page"', 'iframe.*CAMERA_NOT_FOUND'));
        assert.match(output, line('WARN', 'webcam "off"', 'switched off in Moonraker'));
        assert.equal(output.includes('hidden-token'), false);
      },
      { systemctl: null },
    );
  });

  it('says why Moonraker does not let us in, and looks at the rest', async () => {
    await usual(
      async ({ doctor, webcam }) => {
        const { code, output } = await doctor();
        assert.equal(code, 1);
        assert.match(output, line('FAIL', 'Moonraker', 'MOONRAKER_UNAUTHORIZED'));
        assert.match(output, line('OK', 'backend octoeverywhere'));
        assert.ok(webcam.requests().snapshot === 0);
      },
      { moonraker: { apiKey: 'quite-another-key' } },
    );
  });

  it('tells a configuration that cannot be used among the others', async () => {
    await usual(
      async ({ doctor, data }) => {
        const { code, output } = await doctor('--bundle', 'report.zip');
        assert.equal(code, 1);
        assert.match(output, line('FAIL', 'configuration', 'found "soon"'));
        assert.match(output, line('OK', 'Node'));
        assert.match(output, line('OK', 'service', 'active'));
        const list = execFileSync('unzip', ['-Z1', join(data, 'report.zip')], { encoding: 'utf8' });
        assert.deepEqual(list.trim().split('\n'), ['doctor.txt', 'README.txt']);
      },
      { conf: '[detection]\ninterval: soon' },
    );
  });

  it('says that a folder cannot be written', async () => {
    await usual(
      async ({ doctor }) => {
        const { code, output } = await doctor();
        assert.equal(code, 1);
        assert.match(output, line('FAIL', 'disk of the records', 'cannot be written: .* is no folder'));
      },
      { conf: '[records]\npath: moonraker-lookout.conf/records', moonraker: { webcams: [] } },
    );
  });

  it('writes a bundle that others can open, without any key', async () => {
    await usual(async ({ doctor, data }) => {
      writeFileSync(join(data, 'logs/moonraker-lookout.log'), `a line\nwith ${secrets.service} in it\n`);
      writeFileSync(
        join(data, 'lookout/octoeverywhere.json'),
        JSON.stringify({
          context: { contextId: 'context-77', processUrl: 'http://x/77' },
          calls: { count: 12 },
        }),
      );
      writeFileSync(join(data, 'lookout/broken.json'), `{"api_key": "${secrets.camera}"`);
      const file = join(data, 'report.zip');
      const { output } = await doctor('--bundle', file);
      assert.match(output, /For a bug report: .*report\.zip/);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      execFileSync('unzip', ['-tq', file]);
      execFileSync('python3', ['-m', 'zipfile', '-t', file]);
      const all = execFileSync('unzip', ['-p', file], { encoding: 'utf8' });
      assert.match(all, /OK {4}Node: /);
      assert.match(all, /api_key: \*{4}/);
      assert.match(all, /a line\nwith \*{4} in it/);
      assert.match(all, /"count": 12/);
      assert.match(all, /records\/broken\.json: /);
      for (const secret of [...Object.values(secrets), 'context-77', 'http://x/77']) {
        assert.equal(all.includes(secret), false, secret);
      }
      rmSync(file);
      mkdirSync(file);
      const again = await doctor('--bundle', file);
      assert.equal(again.code, 1);
      assert.match(again.output, line('FAIL', 'bundle', 'could not be written'));
    });
  });
});

describe('doctor --prompt', () => {
  it('shows a dialog, and ends it when its button is pressed', async () => {
    await usual(async ({ start, printer, moonraker }) => {
      const lines: string[] = [];
      printer.onGcodeResponse((text) => lines.push(text));
      moonraker.setWebcams([]);
      const call = start('doctor', '--prompt');
      await until(
        'the dialog',
        () => lines.includes('// action:prompt_show') && /Look at Mainsail/.test(call.output()),
        20_000,
      );
      const button = lines.find((text) => /prompt_footer_button/.test(text)) ?? '';
      await printer.gcode(button.split('|')[1] ?? assert.fail(button));
      await call.ended;
      assert.match(call.output(), line('OK', 'prompt', 'its button was pressed'));
      assert.equal(lines.filter((text) => text === '// action:prompt_end').length, 1);
    });
  });

  it('takes the dialog away when it is interrupted, and leaves that of another program alone', async () => {
    await usual(async ({ start, doctor, printer, moonraker }) => {
      const lines: string[] = [];
      printer.onGcodeResponse((text) => lines.push(text));
      moonraker.setWebcams([]);
      const call = start('doctor', '--prompt');
      await until('the dialog', () => /Look at Mainsail/.test(call.output()), 20_000);
      call.kill('SIGINT');
      await call.ended;
      assert.equal(lines.at(-1), '// action:prompt_end');
      await printer.gcode(
        'RESPOND TYPE=command MSG="action:prompt_begin Filament"\nRESPOND TYPE=command MSG="action:prompt_show"',
      );
      const { output } = await doctor('--prompt');
      assert.match(output, line('WARN', 'prompt', 'the dialog "Filament" is open'));
      assert.equal(lines.at(-1), '// action:prompt_show');
    });
  });
});
