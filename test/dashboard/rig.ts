// A dashboard on a free port with printers that the test drives, and a client that may say anything.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { TestContext } from 'node:test';
import type { Records } from '../../src/core/ports.ts';
import type { Area } from '../../src/core/regions.ts';
import type { Assessment, Frame } from '../../src/core/types.ts';
import {
  type Effect,
  initialWatchState,
  type WatchInput,
  type WatchState,
} from '../../src/core/watch-state.ts';
import type { Look, PrinterView, Watched } from '../../src/dashboard/printer-view.ts';
import { createDashboard, type DashboardDeps, type DashboardOptions } from '../../src/dashboard/server.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { makePicture } from '../camera/pictures.ts';
import { aJob, anAssessment } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

/** A printer that prints and looks fine until the test says otherwise. */
export interface TestView extends PrinterView {
  /** Pictures fetched from the camera. */
  grabs: number;
  /** What the camera sends; null rejects. */
  jpeg: Buffer | null;
  ignored: readonly Area[];
  /** What the records hold. */
  kept: Records;
  /** Actions that arrived. */
  readonly calls: { readonly method: string; readonly params: unknown }[];
  /** What an action comes to. */
  answer: () => unknown;
  /** Changes what can be said of it, and tells. */
  set(change: Partial<Omit<Watched, 'state'>> & { readonly state?: Partial<WatchState> }): void;
  look(assessment?: Assessment): void;
  listeners(): number;
}

/** A frame of this moment. */
export function aFrame(jpeg: Buffer): Frame {
  return { jpeg, width: 1280, height: 720, camera: 'bed', ...systemClock.now() };
}

/** Records of nothing. */
export const noRecords: Records = {
  health: { isGood: true, trouble: null, lostFrames: 0, lostSteps: 0 },
  list: async () => [],
  read: async () => null,
  picture: async () => null,
  export: async () => null,
  label: async () => false,
  prints: async () => [],
  print: async () => null,
};

/** Makes the printer. */
export function aView(name = 'printer'): TestView {
  type Hear = (status: Watched, input: WatchInput, effects: readonly Effect[]) => void;
  const hearers = new Set<Hear>();
  const lookers = new Set<(look: Look) => void>();
  let last: Look | null = null;
  let status: Watched = {
    print: { kind: 'printing', job: aJob(), pauseFlag: 'none' },
    gate: null,
    state: initialWatchState,
    mode: 'act',
    assessments: 0,
    calls: 0,
  };
  const tell = (input: WatchInput, effects: readonly Effect[] = []) => {
    for (const hear of hearers) hear(status, input, effects);
  };
  const view: TestView = {
    name,
    ...{
      grabs: 0,
      jpeg: makePicture(),
      ignored: [],
      kept: noRecords,
      calls: [],
      answer: () => ({ text: 'Done.' }),
    },
    status: () => status,
    onChange: (hear) => {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
    lastLook: () => last,
    onLook: (looker) => {
      lookers.add(looker);
      return () => lookers.delete(looker);
    },
    show: async () => {
      view.grabs += 1;
      if (view.jpeg === null) throw new Error('no camera');
      return aFrame(view.jpeg);
    },
    evidence: () => null,
    cameraName: () => 'bed',
    backend: () => ({ name: 'octoeverywhere', budget: null }),
    areas: () => view.ignored,
    masks: {
      read: () => ({ areas: view.ignored, version: 'v1' }),
      save: async (areas) => {
        view.ignored = areas;
      },
    },
    records: () => view.kept,
    methods: () => ['answer', 'pause', 'resume', 'cancel', 'mute', 'unmute', 'watch'],
    call: async (method, params) => {
      view.calls.push({ method, params });
      return view.answer();
    },
    set: ({ state, ...change }) => {
      status = { ...status, ...change, state: { ...status.state, ...state } };
      tell({ kind: 'time-passed' });
    },
    look: (assessment = anAssessment()) => {
      last = { frame: aFrame(view.jpeg ?? makePicture()), assessment, tookMs: 120 };
      for (const looker of lookers) looker(last);
      const state = {
        ...status.state,
        last: { assessment, counted: assessment.score, at: systemClock.now() },
      };
      status = { ...status, state, assessments: status.assessments + 1 };
      tell({ kind: 'frame-assessed', assessment, camera: 'bed', job: aJob(), layer: 12 });
    },
    listeners: () => hearers.size + lookers.size,
  };
  return view;
}

/** An answer, its body as text. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): { readonly [key: string]: unknown };
  /** Code of a refusal. */
  code(): string;
}

/** What to ask for. `Host` and `Origin` are those of a page of the dashboard unless given; null leaves one out. */
export interface Ask {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A running dashboard. */
export interface Rig {
  readonly view: TestView;
  readonly log: ReturnType<typeof createQuietLog>;
  readonly port: number;
  readonly host: string;
  ask(path: string, ask?: Ask): Promise<Answer>;
  /** An action as the page itself sends it. */
  act(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** Starts a dashboard that ends with the test. */
export async function startRig(
  t: TestContext,
  options: Partial<DashboardOptions> = {},
  deps: Partial<DashboardDeps> = {},
): Promise<Rig> {
  const view = aView();
  const log = createQuietLog();
  const dashboard = createDashboard(
    {
      ...{ listen: '127.0.0.1', port: 0, trustedClients: ['127.0.0.0/8'], hosts: [], forceLogin: false },
      ...{ hostName: 'voron', frameHosts: () => ['voron.local'], version: '1.2.3', pageFolder: 'dist/page' },
      ...options,
    },
    {
      printers: [view],
      settings: () => [],
      checkCredential: async () => false,
      clock: systemClock,
      log,
      ...deps,
    },
  );
  const port = await dashboard.start();
  t.after(() => dashboard.close());
  const host = `127.0.0.1:${port}`;
  const ask = (path: string, { method = 'GET', headers = {}, body }: Ask = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = httpRequest(
        { host: '127.0.0.1', port, path, method, headers: { Host: host, ...headers } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const all = Buffer.concat(chunks);
            const json = () => JSON.parse(all.toString()) as Record<string, unknown>;
            const code = () => (json()['error'] as { readonly code: string }).code;
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all, json, code });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  const act: Rig['act'] = async (path, body = {}, headers = {}) => {
    const { token } = (await ask('/api/v1/session')).json();
    return ask(path, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Origin: `http://${host}`,
        'X-Lookout-Token': String(token),
        ...headers,
      },
      body: JSON.stringify(body),
    });
  };
  return { view, log, port, host, ask, act };
}
