// Puts the parts together: the only file that knows every one of them.
import type { Detectors } from '../backends/builtin/detectors.ts';
import { createChain } from '../backends/chain.ts';
import type { RemoteCommand } from '../backends/deps.ts';
import { createBackend } from '../backends/registry.ts';
import { createCamera, type WebCamera } from '../camera/camera.ts';
import { isOrderOut } from '../core/incident.ts';
import type { Backend, Camera, Clock, Log, Printer, Records } from '../core/ports.ts';
import type { Area } from '../core/regions.ts';
import type { Notice } from '../core/types.ts';
import { type Credential, checkCredential } from '../moonraker/check-credential.ts';
import { createMoonrakerComponent, type MoonrakerComponent } from '../moonraker/component.ts';
import type { MoonrakerConnection } from '../moonraker/connection.ts';
import { echoLine, redLine } from '../moonraker/console-lines.ts';
import { followOwnWebcam } from '../moonraker/own-webcam.ts';
import { createPrintSummaries } from '../moonraker/print-summaries.ts';
import { createMoonrakerPrinter } from '../moonraker/printer.ts';
import { createPrompts } from '../moonraker/prompts.ts';
import { keepRemoteMethods } from '../moonraker/remote-methods.ts';
import { createWebcamSource } from '../moonraker/webcams.ts';
import { createStore } from '../records/store.ts';
import { type Announcer, createAnnouncer } from './announce.ts';
import { cameraOptionsOf } from './camera-options.ts';
import { createChannels } from './channels.ts';
import { createComponentFeed } from './component-feed.ts';
import { composeMqtt } from './compose-mqtt.ts';
import { composeRecords } from './compose-records.ts';
import { wayInFor } from './connect.ts';
import { type Control, createControl } from './control.ts';
import { openDoors, remoteMethodNames } from './control-doors.ts';
import { statusAnswer } from './control-status.ts';
import { dashboardUrl, pictureUrl } from './dashboard-url.ts';
import { decideOptionsOf } from './decide-options.ts';
import { readOwnLoad } from './host.ts';
import { type RememberingBackend, rememberLooks } from './last-look.ts';
import { createLitCamera, type LightDeps } from './lit-camera.ts';
import { createPerformer } from './perform.ts';
import type { Settings } from './settings.ts';
import { createWatch, type Watch } from './watch.ts';
import { keepWebcams, type WebcamList } from './webcam-list.ts';

/** What comes from the process rather than from the settings. */
export interface ComposeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Of this program, as told to Moonraker. */
  readonly version: string;
  readonly bootId: string;
  /** Of the program, for all its printers; absent: each has its own. */
  readonly detectors?: Detectors;
  /** Of `[printer NAME]`; null for the only one. */
  readonly printerName: string | null;
  /** systemd's RuntimeDirectory; null where we are not run by systemd. */
  readonly runtimeFolder: string | null;
  /** `agent` for the service; `other` for a look beside it, which must not take the agent's name. */
  readonly clientType: 'agent' | 'other';
}

/** One printer with everything that watches it. */
export interface Composed {
  readonly connection: MoonrakerConnection;
  /** Our doorway inside of Moonraker, where it is installed. */
  readonly component: MoonrakerComponent;
  readonly printer: Printer;
  readonly webcams: WebcamList;
  readonly camera: WebCamera;
  /** As in `[backend] use`, in that order. */
  readonly backends: readonly Backend[];
  readonly watch: Watch;
  readonly looks: Pick<RememberingBackend, 'lastLook' | 'onLook'>;
  /** True when Moonraker knows what somebody shows. Rejects with a MoonrakerError when it cannot be asked. */
  checkCredential(credential: Credential, signal: AbortSignal): Promise<boolean>;
  /** Areas of the picture in which nothing counts, in force now. */
  ignored(): readonly Area[];
  /** Puts other areas in force from the next picture on. */
  ignore(areas: readonly Area[]): void;
  /** The one way in for requests of people and programs. */
  readonly control: Control;
  /** What was kept of incidents and prints. */
  readonly records: Records;
  /** Says things to people, on every channel of this printer. */
  readonly announcer: Announcer;
  /** Everything that has to run besides the watch, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes all parts for these settings. Nothing runs yet. Throws ConfigError for a `ca_file` that cannot be read. */
export function compose(settings: Settings, deps: ComposeDeps): Composed {
  const { clock, log } = deps;
  const { connection, endpoint, identity } = wayInFor(settings, deps);
  const printer = createMoonrakerPrinter(
    {
      pauseTimeoutMs: settings.action.pauseTimeoutMs,
      afterPauseGcode: settings.action.afterPauseGcode,
      hotendStandbyC: settings.action.hotendStandby || null,
      pausedIdleTimeoutS: settings.action.idleTimeoutMs === 0 ? null : settings.action.idleTimeoutMs / 1000,
    },
    { connection, clock, log },
  );
  const webcams = keepWebcams(createWebcamSource({ connection, log }), connection, log);
  const camera = createCamera(cameraOptionsOf(settings), { clock, log, webcams: webcams.current });
  const store = createStore({ folder: settings.records.path }, { log });
  const prompts = createPrompts({ connection, printer, clock, log });
  const component = createMoonrakerComponent({ connection, log });
  const channels = createChannels(settings, {
    ...{ connection, printer, prompts, component, store, clock, log },
    ...{ random: deps.random, printerName: deps.printerName },
  });
  const onNotice = (notice: Notice) => announcer.tell(notice);
  const ignored = () => watch.status().state.drawn ?? settings.camera.ignore;
  const backendDeps = {
    ignored,
    ...{ clock, log, store, random: deps.random, bootId: deps.bootId, onNotice },
    ...(deps.detectors === undefined ? {} : { detectors: deps.detectors }),
  };
  const backends = settings.backend.use.map((name) => {
    // A service's own app is one more way in, where the user has switched it on.
    const onCommand = (command: RemoteCommand) => {
      control.call(command, {}, name, new AbortController().signal).catch((error: unknown) => {
        log.warn('a remote command was not taken', { command, error });
      });
    };
    return createBackend(name, settings.backends, { ...backendDeps, onCommand });
  });
  const looks = rememberLooks(createChain(backends, settings.backend, { clock, log, onNotice }), clock);
  const { backend } = looks;
  for (const { channel } of backends) if (channel) channels.push(channel);
  const mqtt = settings.alerts.mqtt
    ? composeMqtt({
        ...{ connection, clock, log, version: deps.version },
        prefix: settings.alerts.mqttPrefix ?? 'homeassistant',
        watch: () => watch,
        status: () => statusAnswer(watch.status(), records.health, deps.version, clock.now()),
        methods: () => control.methods,
      })
    : null;
  if (mqtt !== null) channels.push(mqtt.channel);
  const announcer = createAnnouncer(channels, log.child('app/announce'));
  const summaries = createPrintSummaries({ connection, clock, log });
  const { recorder, records } = composeRecords(settings, { ...deps, onNotice, onPrintEnded: summaries.add });
  const watch = createWatch(
    {
      ...decideOptionsOf(settings),
      isEnabled: settings.detection.enabled,
      startAfterMs: settings.detection.startAfterMs,
      ignoreLayers: settings.detection.ignoreLayers,
      intervalMs: settings.detection.intervalMs,
    },
    {
      printer,
      camera: withLight(settings, {
        ...{ camera, printer, clock, log, onNotice },
        isActing: () => printer.isActing || isOrderOut(watch.status().state.incident),
      }),
      backend,
      store,
      recorder: {
        frame: recorder.frame,
        step: (step) => {
          recorder.step(step);
          feed.step(step);
        },
      },
      clock,
      log: log.child('app/watch'),
      random: deps.random,
      ownLoad: readOwnLoad,
      bootId: deps.bootId,
      perform: (hear, saved) =>
        createPerformer(
          {
            printer,
            backend,
            announcer,
            clock,
            log: log.child('app/perform'),
            failureGcode: settings.action.failureGcode ?? '',
          },
          hear,
          saved,
        ),
    },
  );
  if (mqtt !== null) watch.onChange(mqtt.changed);
  prompts.onAnswered(watch.answer);
  component.onSeen((incidentId) => watch.answer({ answer: 'seen', incidentId, through: 'announcement' }));
  const feed = createComponentFeed({
    ...{ component, clock, log: log.child('app/component-feed'), tell: onNotice },
    status: () => statusAnswer(watch.status(), records.health, deps.version, clock.now()),
  });
  const pageUrl = dashboardUrl(settings.dashboard, settings.dashboard.port).replace(/\/$/, '');
  const control = createControl({
    ...{ watch, camera, backend, clock, records, version: deps.version },
    pictureUrl: pictureUrl(settings, deps.printerName),
  });
  const listen = (signal: AbortSignal) => {
    openDoors({
      ...{ control, addMethod: connection.addMethod, signal, log: log.child('app/control') },
      say: (text) => printer.runGcode(echoLine(text), signal),
      complain: (text) => printer.runGcode(redLine(text), signal),
    });
    keepRemoteMethods(connection, remoteMethodNames, log);
    const { enabled, webcam } = settings.dashboard;
    const shown = { kind: enabled ? webcam : 'off', url: pageUrl, printer: deps.printerName } as const;
    followOwnWebcam(shown, { connection, log }, signal);
  };
  return {
    connection,
    component,
    printer,
    webcams,
    camera,
    backends,
    watch,
    looks,
    checkCredential: (credential, signal) =>
      checkCredential(credential, { endpoint, identity, connection, clock }, signal),
    ignored,
    ignore: watch.ignore,
    control,
    records,
    announcer,
    run: async (signal) => {
      if (deps.clientType === 'agent') listen(signal);
      try {
        await Promise.all([
          printer.run(signal),
          webcams.run(signal),
          // A look beside the service must not speak in its name, nor close a prompt of the service as left over.
          ...(deps.clientType === 'agent'
            ? [
                prompts.run(signal),
                component.run(signal),
                feed.run(signal),
                mqtt?.run(signal),
                recorder.run(signal),
                summaries.run(signal),
                ...backends.map((each) => each.run?.(printer, signal)),
              ]
            : []),
        ]);
      } finally {
        camera.close();
      }
    },
  };
}

/** The watch's own camera: whoever else wants a picture takes it as it is. */
function withLight(
  { camera: { lightOn: on, lightOff: off, lightWaitMs: waitMs } }: Settings,
  deps: LightDeps,
): Camera {
  return on === null || off === null ? deps.camera : createLitCamera({ on, off, waitMs }, deps);
}
