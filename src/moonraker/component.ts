// The other side of component/lookout.py: shows it the token after each connect, and says through it what only it can say.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { MoonrakerError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { EntryCall, MoonrakerConnection } from './connection.ts';
import { createListeners } from './listeners.ts';

/** Changes with the component's own number when the two would no longer understand each other. */
const protocol = 1;
/** 64 letters; anything longer is no token. */
const maxTokenBytes = 1_024;
/** A notifier asks a service of the internet. */
const notifyTimeoutMs = 70_000;

/** What moonraker.conf says, as the component hands it over. Holds secrets. */
export interface ComponentSettings {
  /** Option names and values of `[lookout …]` by the whole name of the section. */
  readonly sections: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Options that Moonraker could not render. */
  readonly problems: readonly {
    readonly section: string;
    readonly option: string;
    readonly message: string;
  }[];
}

/** Whether Moonraker has our component. `unknown`: not asked yet, or not connected. */
export type ComponentState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  /** It is there and cannot be used. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'present'; readonly settings: ComponentSettings };

/** An entry in the bell of Mainsail and Fluidd. Plain sentences; `url` is absolute, or '' for none. */
export interface Announcement {
  readonly incidentId: string;
  readonly title: string;
  readonly description: string;
  readonly url: string;
  readonly priority: 'normal' | 'high';
}

/** Figures of the running print for Moonraker's history. */
export interface HistoryFigures {
  /** 1 (failed) .. 10 (perfect); null while nothing was judged. */
  readonly worstQuality: number | null;
  /** Seconds in which failure was seen. */
  readonly evidenceS: number;
  readonly incidents: number;
  /** Minutes in which nothing could be judged. */
  readonly blindMin: number;
}

/** The component in Moonraker. Everything it is asked rejects with a MoonrakerError while it is not there. */
export interface MoonrakerComponent {
  readonly state: ComponentState;
  /** Called on each change of `state`. Returns the way to stop listening. */
  onState(listener: (state: ComponentState) => void): () => void;
  /** Called on each connect, before anybody hears that it is up, with what moonraker.conf has for us. */
  onSettings(listener: (settings: ComponentSettings) => void): () => void;
  /** Called with the incident whose announcement somebody has dismissed. Returns the way to stop listening. */
  onSeen(listener: (incidentId: string) => void): () => void;
  /** Registers with each connect, before anybody hears that it is up, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  announce(announcement: Announcement, signal: AbortSignal): Promise<void>;
  retract(incidentId: string, signal: AbortSignal): Promise<void>;
  /** Tells everybody who listens to `notify_lookout_state_changed`. At most 64 KiB of JSON. */
  publish(state: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void>;
  writeHistory(figures: HistoryFigures, signal: AbortSignal): Promise<void>;
  /** Shows these as warnings of Moonraker's, in place of those before. */
  report(problems: readonly string[], signal: AbortSignal): Promise<void>;
  /** Has a `[notifier]` send a message. */
  notify(name: string, message: string, signal: AbortSignal): Promise<void>;
}

/** What the component's client needs. */
export interface ComponentDeps {
  readonly connection: Pick<MoonrakerConnection, 'onEntry' | 'onState' | 'call' | 'addMethod'>;
  readonly log: Log;
}

const answerSchema = v.object({
  protocol: v.number(),
  sections: v.record(v.string(), v.record(v.string(), v.string())),
  problems: v.array(v.object({ section: v.string(), option: v.string(), message: v.string() })),
});
const rootsSchema = v.array(v.object({ name: v.string(), path: v.string() }));
const seenSchema = v.object({ incident_id: v.pipe(v.string(), v.maxLength(64)) });

/** Makes the client. Nothing is asked before `run` or `register`. */
export function createMoonrakerComponent({ connection, log: parent }: ComponentDeps): MoonrakerComponent {
  const log = parent.child('moonraker/component');
  const stateListeners = createListeners<ComponentState>(log);
  const settingsListeners = createListeners<ComponentSettings>(log);
  const seenListeners = createListeners<string>(log);
  let state: ComponentState = { kind: 'unknown' };
  /** What has been found out, until the connection is up. */
  let found: ComponentState = { kind: 'unknown' };
  let said = '';

  const setState = (next: ComponentState) => {
    state = next;
    const text = next.kind === 'refused' ? `refused: ${next.why}` : next.kind;
    if (text !== said && next.kind === 'present') log.info("Moonraker's component is there");
    if (text !== said && next.kind === 'refused') {
      log.warn("Moonraker's component cannot be used; everything else works", { why: next.why });
    }
    if (next.kind !== 'unknown') said = text;
    stateListeners.tell(next);
  };

  /** `<data>/lookout/component.token`, beside the config folder of this Moonraker. */
  const findToken = async (call: EntryCall) => {
    const roots = await call('server.files.roots', {}, rootsSchema);
    const config = roots.find(({ name }) => name === 'config')?.path ?? '';
    return join(dirname(config), 'lookout', 'component.token');
  };

  const register = async (call: EntryCall) => {
    let tokenFile = '';
    let token: string | null = null;
    try {
      tokenFile = await findToken(call);
      token = readToken(tokenFile);
      const params = { token: token ?? '', protocol };
      const { sections, problems, ...theirs } = await call('access.lookout.register', params, answerSchema);
      found =
        theirs.protocol === protocol
          ? { kind: 'present', settings: { sections, problems } }
          : refusedFor(`it speaks version ${theirs.protocol}, and this program ${protocol}`);
    } catch (error) {
      if (!(error instanceof MoonrakerError)) throw error;
      if (error.code === 'MOONRAKER_CLOSED' || error.code === 'MOONRAKER_UNREACHABLE') throw error;
      if (isUnknownMethod(error)) found = { kind: 'absent' };
      else found = refusedFor(token === null ? `${tokenFile} cannot be read` : error.message);
    }
    if (found.kind === 'present') settingsListeners.tell(found.settings);
  };

  const ask = async (
    door: string,
    params: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    timeoutMs?: number,
  ) => {
    if (state.kind !== 'present') throw notThere();
    const options = timeoutMs === undefined ? { signal } : { signal, timeoutMs };
    await connection.call(`server.lookout.${door}`, params, v.unknown(), options);
  };

  return {
    get state() {
      return state;
    },
    onState: (listener) => stateListeners.add(listener),
    onSettings: (listener) => settingsListeners.add(listener),
    onSeen: (listener) => seenListeners.add(listener),
    run: (signal) =>
      new Promise((resolve) => {
        const offs = [
          connection.onEntry(register),
          connection.onState((next) => {
            if (next.kind !== 'up') found = { kind: 'unknown' };
            else if (found.kind === 'absent' && next.info.failed_components.includes('lookout'))
              found = notLoaded;
            setState(found);
          }),
          connection.addMethod('lookout_seen', (params) => {
            const seen = v.safeParse(seenSchema, params);
            if (seen.success) seenListeners.tell(seen.output.incident_id);
          }),
        ];
        const stop = () => {
          for (const off of offs) off();
          resolve();
        };
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      }),
    announce: ({ incidentId, ...rest }, signal) =>
      ask('announce', { incident_id: incidentId, ...rest }, signal),
    retract: (incidentId, signal) => ask('retract', { incident_id: incidentId }, signal),
    publish: (published, signal) => ask('publish', { state: published }, signal),
    writeHistory: ({ worstQuality, evidenceS, incidents, blindMin }, signal) =>
      ask(
        'history',
        {
          ...(worstQuality === null ? {} : { worst_quality: worstQuality }),
          evidence: evidenceS,
          incidents,
          blind: blindMin,
        },
        signal,
      ),
    report: (problems, signal) => ask('report', { problems }, signal),
    notify: (name, message, signal) => ask('notify', { name, message }, signal, notifyTimeoutMs),
  };
}

/** A fresh clone of Moonraker, such as its hard recovery makes, has [lookout] in its configuration and lacks our link. */
const notLoaded = refusedFor(
  'Moonraker has [lookout] in its configuration and cannot load our component, as after its hard recovery. Run ./install.sh once more',
);

function refusedFor(why: string): ComponentState {
  return { kind: 'refused', why };
}

function readToken(file: string): string | null {
  try {
    if (statSync(file).size > maxTokenBytes) return null;
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

function isUnknownMethod({ cause }: MoonrakerError): boolean {
  return typeof cause === 'object' && cause !== null && 'rpcCode' in cause && cause.rpcCode === -32601;
}

function notThere(): MoonrakerError {
  return new MoonrakerError('Moonraker has no component of ours that could be used', {
    code: 'MOONRAKER_REFUSED',
    retry: 'later',
    hint: 'Run ./install.sh --component, or do without its bell and history.',
  });
}
