// The loop: is a frame due? → grab → assess → decide → perform. One per printer; it owns the order of everything.
import { isLoadNews, slowedMs } from '../core/busy.ts';
import { heartbeatMs, nextLookInMs, waitAtGateMs } from '../core/cadence.ts';
import { countdownLeftMs } from '../core/confirm.ts';
import { decide } from '../core/decide.ts';
import { LookoutError } from '../core/errors.ts';
import { explainGate } from '../core/explain.ts';
import { sayLoad } from '../core/explain-busy.ts';
import { type Gate, type GateOptions, gateOf } from '../core/gates.ts';
import type { Answered, Backend, Camera, Clock, Log, Printer, Recorder, Store } from '../core/ports.ts';
import type { Area } from '../core/regions.ts';
import { shownId } from '../core/shadow.ts';
import type { Assessment, Frame, Job, Mode, Print } from '../core/types.ts';
import type { DecideOptions, Effect, WatchCommand, WatchInput, WatchState } from '../core/watch-state.ts';
import { createBell } from '../lib/bell.ts';
import { loadBackgrounds } from './background-record.ts';
import type { Performer } from './perform.ts';
import { loadView } from './view-record.ts';
import { faultOf } from './watch-fault.ts';
import { loadWatchState, type WatchRecord } from './watch-record.ts';

/** Settings of one watch, all ms. */
export interface WatchOptions extends DecideOptions, GateOptions {
  /** `[detection] interval`: no frame is fetched sooner after the last one. */
  readonly intervalMs: number;
}

/** The parts of one watch. */
export interface WatchDeps {
  readonly printer: Printer;
  readonly camera: Camera;
  readonly backend: Backend;
  readonly store: Store;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in 0..1. */
  readonly random: () => number;
  /** Load of this host for each core, over a minute. */
  readonly ownLoad: () => number;
  /** Changes with every boot of this host: ticks of another boot mean nothing. */
  readonly bootId: string;
  /** Makes the performer; `hear` takes what its work came to. */
  readonly perform: (hear: (input: WatchInput) => void, saved: () => Promise<void>) => Performer;
}

/** What can be said of a watch at this moment. */
export interface WatchStatus {
  readonly print: Print;
  /** Why no frame is judged now; null while frames are judged. */
  readonly gate: Gate | null;
  readonly state: WatchState;
  readonly mode: Mode;
  /** Assessments and counted calls since the start of this process. */
  readonly assessments: number;
  readonly calls: number;
  /** When the loop last went round. A hang of any part stops it. */
  readonly steppedTickMs: number;
}

/** One printer being watched. */
export interface Watch {
  /** Watches until the signal aborts, then closes what it showed. Never rejects for a fault of a part. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks as soon as the backend allows it, if frames are judged now. */
  lookSoon(): void;
  /** Takes an order of a person, a macro or a program. `through` is how it came in, for the record. */
  command(command: WatchCommand, through: string): void;
  /** Puts other areas in force, in which nothing counts, from the next frame on and until these parts are made anew. */
  ignore(areas: readonly Area[]): void;
  /** Takes a person's answer, from whichever channel. */
  answer(answered: Answered): void;
  status(): WatchStatus;
  /** What was last looked at, judged or not; null before the first. At most 8 MiB. */
  lastFrame(): Frame | null;
  /** Called after every input with what changed. Returns the way to stop listening. */
  onChange(
    listener: (status: WatchStatus, input: WatchInput, effects: readonly Effect[]) => void,
  ): () => void;
}

/** A watch over these parts. Nothing happens before `run`. */
export function createWatch(options: WatchOptions, deps: WatchDeps): Watch {
  const { printer, camera, backend, recorder, clock, log } = deps;
  const bell = createBell(clock);
  const listeners = new Set<(status: WatchStatus, input: WatchInput, effects: readonly Effect[]) => void>();
  const record: WatchRecord = loadWatchState(deps);
  const scene = loadBackgrounds(deps);
  const place = loadView(deps);
  const performer = deps.perform(hear, record.saved);
  let state: WatchState = { ...record.state, backgrounds: scene.backgrounds, view: place.view };
  let dueTickMs = 0;
  let failures = 0;
  let assessments = 0;
  let calls = 0;
  let look: AbortController | null = null;
  let lastFrame: Frame | null = null;
  let gateSaid = '';
  let steppedTickMs = clock.now().tickMs;

  function hear(input: WatchInput, through: string | null = null): void {
    const at = clock.now();
    const before = state;
    const decision = decide(before, input, at, options);
    state = decision.state;
    const gate = gateNow(printer.print);
    recorder.step({ at, input, before, after: state, effects: decision.effects, gate, through });
    record.keep(state);
    scene.keep(state.backgrounds);
    place.keep(state.view);
    for (const effect of decision.effects) performer.perform(effect, lastFrame);
    if (input.kind === 'print-changed' || input.kind === 'commanded') {
      // A frame that nobody judges any more is of no use, and the call may cost money.
      const isOver = !state.isPrinting || gate !== null;
      if (isOver) look?.abort(new DOMException('nobody looks any more', 'AbortError'));
      bell.ring();
    }
    for (const listener of listeners) listener(status(), input, decision.effects);
  }

  function gateNow(print: Print): Gate | null {
    return gateOf(print, options, { hold: state.hold, now: clock.now() });
  }

  function status(): WatchStatus {
    const gate = gateNow(printer.print);
    const { mode = 'act' } = options;
    return { print: printer.print, gate, state, mode, assessments, calls, steppedTickMs };
  }

  async function step(signal: AbortSignal): Promise<void> {
    steppedTickMs = clock.now().tickMs;
    const gate = gateNow(printer.print);
    sayGate(gate);
    hear({ kind: 'time-passed' });
    if (gate !== null) {
      dueTickMs = 0;
      failures = 0;
      await bell.wait(waitAtGateMs(gate), signal);
      // These two gates open by fields that tick, and those are only read, never sent.
      if (gate.kind === 'start-after' || gate.kind === 'macro-pause') await sample(signal);
      return;
    }
    const leftMs = dueTickMs - clock.now().tickMs;
    const countdownMs = countdownLeftMs(state, clock.now()) ?? heartbeatMs;
    // Ended but not acted on (an answer is under way): no reason to go round and round.
    const wakeMs = countdownMs === 0 ? heartbeatMs : countdownMs;
    if (leftMs > 0) return bell.wait(Math.min(leftMs, heartbeatMs, wakeMs), signal);
    await lookOnce(signal);
  }

  async function sample(signal: AbortSignal): Promise<Print> {
    try {
      return await printer.sample(signal);
    } catch (error) {
      signal.throwIfAborted();
      log.debug('could not read the ticking fields', { error });
      return printer.print;
    }
  }

  async function lookOnce(signal: AbortSignal): Promise<void> {
    const startedTickMs = clock.now().tickMs;
    const waitMs = backend.readyInMs?.() ?? 0;
    if (waitMs > 0) {
      dueTickMs = startedTickMs + waitMs;
      return;
    }
    const print = await sample(signal);
    if (print.kind !== 'printing' || gateNow(print) !== null) return;
    await measureLoad(signal);
    look = new AbortController();
    const stop = () => look?.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const looked = await assess(print.job, look.signal);
      if (looked === null) return;
      const { frame, assessment } = looked;
      assessments += 1;
      calls += assessment.calls;
      failures = 0;
      const { job } = print;
      const seen = { assessment, camera: frame.camera, grid: frame.grid ?? null, job, layer: job.layer };
      hear({ kind: 'frame-assessed', ...seen });
      // The interval runs from the start of the look, what the backend asks for from its answer.
      const { tickMs } = clock.now();
      const leftOfIntervalMs = options.intervalMs - (tickMs - startedTickMs);
      const result = { kind: 'assessed', nextInMs: assessment.nextInMs } as const;
      const nextMs = nextLookInMs(result, leftOfIntervalMs, deps.random());
      dueTickMs = tickMs + slowedMs(nextMs, state.busy, options.busyLoad);
    } finally {
      signal.removeEventListener('abort', stop);
      look = null;
    }
  }

  /** The host comes first: one that is overloaded is looked after less often. */
  async function measureLoad(signal: AbortSignal): Promise<void> {
    if (options.busyLoad === 0) return;
    const load = Math.max(deps.ownLoad(), (await printer.hostLoad(signal)) ?? 0);
    if (!isLoadNews(state.busy, load, options.busyLoad)) return;
    const wasBusy = state.busy !== null;
    hear({ kind: 'load-measured', load });
    if (!wasBusy && state.busy !== null) log.warn('the host is busy: fewer looks', { load: sayLoad(load) });
    if (wasBusy && state.busy === null) log.info('the host is no longer busy', { load: sayLoad(load) });
  }

  /** null when there is no assessment: the miss has been heard, or the look was called off. */
  async function assess(
    job: Job,
    signal: AbortSignal,
  ): Promise<{ readonly frame: Frame; readonly assessment: Assessment } | null> {
    let side: 'camera' | 'backend' = 'camera';
    let frame: Frame | null = null;
    try {
      frame = await camera.grab(signal);
      lastFrame = frame;
      side = 'backend';
      const assessment = await backend.assess(frame, job, signal);
      recorder.frame(frame, assessment);
      return { frame, assessment };
    } catch (error) {
      if (signal.aborted) return null;
      if (frame !== null) recorder.frame(frame, null);
      failures += 1;
      const retryAfterMs = error instanceof LookoutError ? error.retryAfterMs : null;
      const nextMs = nextLookInMs(
        { kind: 'missed', failures, retryAfterMs },
        options.intervalMs,
        deps.random(),
      );
      dueTickMs = clock.now().tickMs + nextMs;
      if (error instanceof LookoutError && error.code === 'BACKEND_WAITING') {
        failures = 0;
        log.info(error.message, { nextTryInS: Math.round(nextMs / 1000) });
        return null;
      }
      const fault = faultOf(side, error);
      log.warn('no assessment of this frame', {
        error,
        code: fault.code,
        nextTryInS: Math.round(nextMs / 1000),
      });
      hear({ kind: 'frame-missed', fault });
      return null;
    }
  }

  function sayGate(gate: Gate | null): void {
    const text = gate === null ? 'judging frames' : explainGate(gate);
    const { print } = printer;
    // A Klipper that restarts may come back with an error: that is news, although it was not ready before.
    const key = gate?.kind === 'not-ready' && print.kind === 'not-ready' ? print.why : (gate?.kind ?? '');
    if (key !== gateSaid) log.info(text);
    gateSaid = key;
  }

  return {
    run: async (signal) => {
      const offs = [
        printer.onPrint((print) => hear({ kind: 'print-changed', print })),
        printer.onPauseStep((step) => hear({ kind: 'pause-step-finished', step })),
      ];
      if (state.job !== null || state.incident !== null) hear({ kind: 'restarted' });
      hear({ kind: 'print-changed', print: printer.print });
      try {
        while (!signal.aborted) await step(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        for (const off of offs) off();
        await performer.shutDown(shownId(state));
        await record.saved();
        await scene.saved();
        await place.saved();
      }
    },
    lookSoon: () => {
      dueTickMs = 0;
      bell.ring();
    },
    command: (command, through) => {
      log.info('a command', { ...command, through });
      hear({ kind: 'commanded', command }, through);
    },
    ignore: (areas) => hear({ kind: 'areas-changed', areas }),
    answer: ({ answer, incidentId, through }) => {
      log.info('answered', { answer, incidentId, through });
      hear({ kind: 'answered', answer, incidentId }, through);
    },
    status,
    lastFrame: () => lastFrame,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
