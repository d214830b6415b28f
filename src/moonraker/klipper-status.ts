// Follows Klipper through Moonraker: finds out when it is ready, subscribes, and keeps the newest reading.
import * as v from 'valibot';
import { MoonrakerError } from '../core/errors.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { PrinterSnapshot } from '../core/print.ts';
import type { NotReadyWhy } from '../core/types.ts';
import type { ConnectionState, MoonrakerConnection } from './connection.ts';
import { createListeners } from './listeners.ts';
import {
  objectListSchema,
  printerInfoSchema,
  serverInfoSchema,
  statusAnswerSchema,
  statusUpdateSchema,
} from './messages.ts';
import {
  findFilamentSensors,
  type KlippyView,
  subscriptionFields,
  tickingFields,
  toSnapshot,
} from './snapshot.ts';
import { createStatusStore } from './status-store.ts';
import { createWaker } from './waker.ts';

/** Klippy coming back in an error state sends no notification, so it has to be asked. */
const notReadyPollMs = 2_000;
/** A second reading this much later tells a leftover `is_paused` from a PAUSE that is running. */
const settleMs = 1_000;
/** A purge that is fully retracted sets `print_duration` back to 0; no print does so often. */
const maxDurationSubscriptions = 3;

/** A new reading. `isFull`: durations and position were read now, not carried over. */
export interface Reading {
  readonly snapshot: PrinterSnapshot;
  readonly isFull: boolean;
}

/** Klipper's status. */
export interface KlipperStatus {
  /** The newest reading. */
  readonly snapshot: PrinterSnapshot;
  /** Follows Klipper until the signal aborts. Needs the connection to run. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Reads everything that is watched once, the ticking fields too.
   * @throws MoonrakerError; the signal's reason
   */
  query(signal: AbortSignal): Promise<PrinterSnapshot>;
  /** Load of Klipper's host over a minute, as last read with the ticking fields; null where there is none. */
  sysload(): number | null;
  /** Called with every reading, changed or not. Returns the way to stop listening. */
  onReading(listener: (reading: Reading) => void): () => void;
}

const sysloadSchema = v.fallback(v.nullable(v.pipe(v.number(), v.minValue(0))), null);

/** What it needs. */
export interface KlipperStatusDeps {
  readonly connection: MoonrakerConnection;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes the status. Nothing is sent before `run`. */
export function createKlipperStatus({ connection, clock, log }: KlipperStatusDeps): KlipperStatus {
  const listeners = createListeners<Reading>(log);
  const store = createStatusStore();
  const waker = createWaker(clock);
  let sensors: readonly string[] = [];
  let view: KlippyView = { klippy: 'no-moonraker', message: 'not connected to Moonraker yet' };
  let eventtimeS = 0;
  let latest = toSnapshot(store, sensors, view, eventtimeS);
  let needsResync = false;
  let hasPrintDuration = false;
  let durationSubscriptions = 0;
  let refresh: () => void = () => undefined;
  let refreshLater: () => void = () => undefined;

  const publish = (isFull: boolean, atEventtimeS: number) => {
    const before = latest;
    latest = toSnapshot(store, sensors, view, atEventtimeS);
    listeners.tell({ snapshot: latest, isFull });
    if (latest.klippy === 'ready') react(before, latest, isFull);
    waker.wake();
  };

  /** Reads the ticking fields where an event makes the old ones wrong. */
  const react = (before: PrinterSnapshot, after: PrinterSnapshot, isFull: boolean) => {
    if (after.state !== 'printing') durationSubscriptions = 0;
    const hasStateChanged = after.state !== before.state;
    const hasBegun = after.printDurationMs > 0 && before.printDurationMs === 0;
    const wasFlagged = before.state === 'printing' && before.isPaused;
    const isNewlyFlagged = after.state === 'printing' && after.isPaused && !wasFlagged;
    // Klipper tells its state four times a second: a print that follows another at once shows no change of it.
    const hasStartedOver = before.layer !== null && (after.layer === null || after.layer < before.layer);
    if (!isFull && (hasStateChanged || hasBegun || isNewlyFlagged || hasStartedOver)) refresh();
    if (isNewlyFlagged) refreshLater();
  };

  const setView = (klippy: NotReadyWhy, message: string) => {
    view = { klippy, message };
    if (klippy === 'no-moonraker' || klippy === 'disconnected') {
      // Klipper's clock starts anew with its host.
      store.clear();
      eventtimeS = 0;
    }
    publish(false, eventtimeS);
  };

  const onStatusUpdate = (params: unknown) => {
    const update = v.safeParse(statusUpdateSchema, params);
    if (!update.success) return log.debug('a status update of another shape');
    const [status, atS] = update.output;
    eventtimeS = Math.max(eventtimeS, atS);
    store.merge(status, atS);
    publish(false, eventtimeS);
  };

  const onConnection = (state: ConnectionState) => {
    if (state.kind === 'down') setView('no-moonraker', state.error.message);
    else waker.wake();
  };

  const askAgain = () => {
    needsResync = true;
    waker.wake();
  };

  const readAll = async (signal: AbortSignal, isFirst: boolean): Promise<PrinterSnapshot> => {
    const objects = { ...subscriptionFields(sensors, false), ...tickingFields };
    const answer = await connection.call('printer.objects.query', { objects }, statusAnswerSchema, {
      signal,
    });
    eventtimeS = Math.max(eventtimeS, answer.eventtime);
    store.merge(answer.status, answer.eventtime);
    // Shown as ready only with a full reading: a print's start is told from its durations.
    if (isFirst) view = { klippy: 'ready', message: '' };
    // The durations are of this moment, even if a change has come in since.
    publish(true, answer.eventtime);
    return latest;
  };

  const subscribe = async (signal: AbortSignal) => {
    hasPrintDuration = wantsPrintDuration();
    if (hasPrintDuration) durationSubscriptions += 1;
    const objects = subscriptionFields(sensors, hasPrintDuration);
    // Moonraker itself gives Klipper 20 s for this one.
    const options = { signal, timeoutMs: 25_000 };
    const answer = await connection.call(
      'printer.objects.subscribe',
      { objects },
      statusAnswerSchema,
      options,
    );
    eventtimeS = Math.max(eventtimeS, answer.eventtime);
    store.merge(answer.status, answer.eventtime);
  };

  const wantsPrintDuration = () => {
    if (latest.klippy !== 'ready' || latest.state !== 'printing' || latest.printDurationMs > 0) return false;
    return hasPrintDuration || durationSubscriptions < maxDurationSubscriptions;
  };

  const isGood = () => connection.state.kind === 'up' && !needsResync && latest.klippy === 'ready';

  const showNotReady = async (klippy: NotReadyWhy, signal: AbortSignal) => {
    if (view.klippy === klippy) return;
    const hasText = klippy === 'error' || klippy === 'shutdown';
    const info = hasText ? await connection.call('printer.info', {}, printerInfoSchema, { signal }) : null;
    setView(klippy, info?.state_message.trim() ?? notReadyText(klippy));
  };

  /** From asking whether Klippy is ready until that is no longer sure. */
  const follow = async (signal: AbortSignal) => {
    needsResync = false;
    const { klippy_state: klippy } = await connection.call('server.info', {}, serverInfoSchema, { signal });
    if (klippy !== 'ready') {
      await showNotReady(klippy, signal);
      await waker.wait(() => needsResync, notReadyPollMs, signal);
      return;
    }
    const { objects } = await connection.call('printer.objects.list', {}, objectListSchema, { signal });
    sensors = findFilamentSensors(objects);
    await subscribe(signal);
    await readAll(signal, true);
    if (latest.klippy !== 'ready') await waker.wait(() => needsResync, notReadyPollMs, signal);
    while (isGood()) {
      if (wantsPrintDuration() !== hasPrintDuration) await subscribe(signal);
      await waker.wait(() => !isGood() || wantsPrintDuration() !== hasPrintDuration, null, signal);
    }
  };

  const run = async (signal: AbortSignal) => {
    refresh = createRefresh(signal);
    refreshLater = () => {
      clock.sleep(settleMs, signal).then(refresh, () => undefined);
    };
    const unlisten = [
      connection.onState(onConnection),
      connection.onNotification('notify_status_update', onStatusUpdate),
      connection.onNotification('notify_klippy_ready', askAgain),
      connection.onNotification('notify_klippy_shutdown', askAgain),
      connection.onNotification('notify_klippy_disconnected', () => {
        needsResync = true;
        setView('disconnected', notReadyText('disconnected'));
      }),
    ];
    try {
      while (!signal.aborted) {
        await waker.wait(() => connection.state.kind === 'up', null, signal);
        try {
          await follow(signal);
        } catch (error) {
          if (signal.aborted || !(error instanceof MoonrakerError)) throw error;
          log.debug('could not follow Klipper', { code: error.code, message: error.message });
          // Whether the subscription still stands is not known.
          if (view.klippy === 'ready') setView('startup', 'Klipper cannot be read at the moment');
          await waker.wait(() => connection.state.kind !== 'up', notReadyPollMs, signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const stop of unlisten) stop();
    }
  };

  /** One reading at a time; a call during one asks for another after it. */
  const createRefresh = (signal: AbortSignal) => {
    let isReading = false;
    let isWantedAgain = false;
    const start = () => {
      isWantedAgain = isReading;
      if (isReading) return;
      isReading = true;
      readAll(signal, false)
        .catch((error) => log.debug('a reading failed', { error: String(error) }))
        .finally(() => {
          isReading = false;
          if (isWantedAgain && !signal.aborted) start();
        });
    };
    return start;
  };

  return {
    get snapshot() {
      return latest;
    },
    run,
    query: (signal) => readAll(signal, false),
    sysload: () => v.parse(sysloadSchema, store.get('system_stats', 'sysload')),
    onReading: (listener) => listeners.add(listener),
  };
}

function notReadyText(klippy: NotReadyWhy): string {
  return klippy === 'disconnected' ? 'Klipper is not running or restarting' : 'Klipper is starting';
}
