// Every way to reach a person and to be asked, in one house: a notifier of the real Moonraker, a real broker, a webhook, macros, requests.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { startRealBroker, whyNoBroker } from '../support/real-broker.ts';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { connectRpc } from '../support/rpc-client.ts';
import { until } from '../support/until.ts';
import { inScene } from './scene.ts';

const skip = (await whyNoMoonraker()) || whyNoBroker();

describe('alerts and requests', { skip }, () => {
  it('reach everybody, and come from everywhere', async (t) => {
    const broker = await startRealBroker();
    t.after(() => broker.close());
    const posts: { readonly path: string; readonly type: string; readonly body: string }[] = [];
    const inbox = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString('latin1');
      posts.push({ path: request.url ?? '', type: request.headers['content-type'] ?? '', body });
      response.end('{}');
    });
    await new Promise<void>((resolve) => inbox.listen(0, '127.0.0.1', resolve));
    t.after(() => inbox.close());
    const address = inbox.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const postsTo = (path: string) => posts.filter((post) => post.path === path);

    await inScene(
      {
        printer: { hasLookoutMacros: true, speed: 4 },
        print: { layerMs: 4_000, heatMs: 1_200 },
        conf: {
          alerts: { notifier: 'lookout', m117: 'True', mqtt: 'True' },
          'webhook here': { url: `http://127.0.0.1:${port}/hook`, format: 'multipart' },
          action: { hotend_standby: '140', after_pause_gcode: 'SET_PIN PIN=light VALUE=0.5' },
        },
        moonrakerConf: (webcam) =>
          [
            `[notifier lookout]\nurl: json://127.0.0.1:${port}/notify\nevents: gcode\nbody: {event_message}\nattach: ${webcam.snapshotUrl}`,
            `[mqtt]\naddress: 127.0.0.1\nport: ${broker.port}\ninstance_name: lab\nstatus_interval: 60`,
          ].join('\n\n'),
      },
      async (scene) => {
        const { browser, moonraker, printer, octoeverywhere } = scene;
        const rpc = await connectRpc(moonraker.url);
        const ask = (method: string, args: object = {}) =>
          rpc.call('server.extensions.request', { agent: 'lookout', method, arguments: args }, 30_000);
        const says = (pattern: RegExp) =>
          until(`a line ${pattern}`, () => browser.console().find((line) => pattern.test(line)), 20_000);
        const extruder = () => printer.status()['extruder'] ?? {};
        await scene.startLookout();

        // Requests, good and bad.
        const status = await until(
          'the agent',
          async () => {
            const { result } = await ask('lookout.status');
            return result as Record<string, unknown> | undefined;
          },
          10_000,
        );
        assert.equal(status['printer'], 'idle');
        const refusal = async (method: string, args?: object) => {
          const { error } = await ask(method, args);
          assert.equal(error?.code, 424);
          return error.data as { code: number; message: string; data: { code: string } };
        };
        const wrong = await refusal('lookout.answer', { answer: 'maybe' });
        assert.deepEqual([wrong.code, wrong.data.code], [-32602, 'CONTROL_BAD_ARGUMENT']);
        assert.equal((await refusal('lookout.reboot')).code, -32601);
        assert.match((await refusal('lookout.status', ['x'])).message, /must be an object/);

        // Macros, which are answered in the console.
        await browser.call('printer.gcode.script', { script: 'LOOKOUT_STATUS' });
        await says(/^echo: Lookout: idle/);
        await browser.call('printer.gcode.script', { script: 'LOOKOUT_CHECK' });
        await says(/^echo: Lookout: octoeverywhere sees no failure/);
        await browser.call('printer.gcode.script', { script: 'LOOKOUT_NOTIFY NAME=lookout MSG="a test"' });
        await until('the notifier', () => postsTo('/notify').length === 1, 10_000);
        assert.equal(JSON.parse(postsTo('/notify')[0]?.body ?? '{}').message, 'a test');

        await browser.call('printer.gcode.script', { script: 'LOOKOUT_WATCH ENABLE=0' });
        await says(/^echo: Lookout: watching is switched off/);
        await browser.call('printer.gcode.script', { script: 'LOOKOUT_MUTE MINUTES=99999' });
        await says(/^!! Lookout: mute: minutes: found 99999, allowed: a number from 1 to 1440/);

        // Home Assistant: it is told what there is, and its button comes back to us through Moonraker.
        const isSwitchedOn = () =>
          (broker.last('lab/lookout/state') as Record<string, unknown>)['is_switched_on'];
        const config = (entity: string) =>
          broker.last(`homeassistant/${entity}/config`) as Record<string, string>;
        await until('the discovery', () => config('button/lookout_lab/check'), 10_000);
        assert.equal(config('sensor/lookout_lab/state')['state_topic'], 'lab/lookout/state');
        assert.equal(config('image/lookout_lab/picture')['image_encoding'], 'b64');
        await until('the state', () => broker.last('lab/lookout/state'), 10_000);
        const watchSwitch = config('switch/lookout_lab/watch');
        await until('off on MQTT', () => isSwitchedOn() === false, 10_000);
        broker.publish(watchSwitch['command_topic'] ?? '', watchSwitch['payload_on'] ?? '');
        await until('on by MQTT', () => isSwitchedOn() === true, 10_000);
        const callsBefore = octoeverywhere.calls.length;
        const button = config('button/lookout_lab/check');
        await until(
          'the service is ready',
          async () => {
            broker.publish(button['command_topic'] ?? '', button['payload_press'] ?? '');
            await new Promise((resolve) => setTimeout(resolve, 1_000));
            return octoeverywhere.calls.length > callsBefore;
          },
          40_000,
        );

        // A failing print reaches everybody, and cools down.
        await scene.startPrint();
        await scene.untilState('paused', 150_000);
        await browser.untilOpen(/^Lookout: print failing, paused$/);
        await until('the webhook', () => postsTo('/hook').length > 0, 10_000);
        const [hook] = postsTo('/hook');
        assert.match(hook?.type ?? '', /^multipart\/form-data/);
        assert.match(
          hook?.body ?? '',
          /name="file"; filename="lookout\.jpg"\r\nContent-Type: image\/jpeg\r\n\r\n\xff\xd8\xff/,
        );
        await until('the notifier', () => postsTo('/notify').length > 1, 10_000);
        const note = JSON.parse(postsTo('/notify').at(-1)?.body ?? '{}');
        assert.match(note.message, /^Lookout: (print failing, paused|this print may be failing)/);
        assert.equal(note.attachments?.length, 1);
        const state = () => broker.last('lab/lookout/state') as Record<string, unknown> | null;
        await until('failing on MQTT', () => state()?.['state'] === 'failing', 10_000);
        const picture = broker.heard.findLast(({ topic }) => topic === 'lab/lookout/picture');
        assert.equal(picture?.payload.slice(0, 4), '/9j/');
        assert.match(String((broker.last('lab/lookout/alert') as { text: string }).text), /paused/);
        assert.match(
          String(printer.status()['display_status']?.['message']),
          /^Lookout: print failing, paused/,
        );
        await until('the standby', () => extruder()['target'] === 140, 10_000);
        await until('cooler', () => Number(extruder()['temperature']) < 190, 20_000);
        await scene.lookout.line(/a step after the pause .*step=hotend_standby result=done/);
        assert.equal(printer.log.count('SET_PIN'), 1);

        // Resumed past us: the nozzle is warm first, and what was shown goes.
        await browser.call('printer.print.resume');
        assert.ok(Number(extruder()['temperature']) > 205);
        await scene.untilState('printing');
        assert.equal(extruder()['target'], 210);
        await says(/the nozzle is warmed up to 210/);
        await until(
          'a free display',
          () => !/^Lookout/.test(String(printer.status()['display_status']?.['message'])),
          10_000,
        );
        await until('its end on MQTT', () => state()?.['incident'] === null, 10_000);
        await scene.lookout.stop();
        await until('offline', () => broker.heard.at(-1)?.payload === 'offline', 5_000);
        rpc.close();
      },
    )(t);
  });
});
