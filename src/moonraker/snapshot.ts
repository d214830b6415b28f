// Which Klipper fields we ask for, and how a reading of them becomes a PrinterSnapshot.
import * as v from 'valibot';
import type { PrinterSnapshot } from '../core/print.ts';
import type { NotReadyWhy } from '../core/types.ts';
import type { StatusStore } from './status-store.ts';

/** Objects with the fields asked for, as `printer.objects.subscribe` and `.query` take them. */
export type ObjectFields = Readonly<Record<string, readonly string[]>>;

/** Fields that change with events only: a message a layer, not four a second. */
const eventFields: ObjectFields = {
  webhooks: ['state', 'state_message'],
  print_stats: ['state', 'filename', 'message', 'info'],
  virtual_sdcard: ['is_active'],
  pause_resume: ['is_paused'],
};

/** What is read with each frame: the same and the fields that tick. */
export const tickingFields: ObjectFields = {
  webhooks: ['state', 'state_message'],
  print_stats: ['state', 'filename', 'message', 'info', 'print_duration', 'total_duration'],
  virtual_sdcard: ['is_active', 'file_position', 'progress'],
  pause_resume: ['is_paused'],
  system_stats: ['sysload'],
};

/** A printer with more filament sensors than this shows the first ones. */
const maxSensors = 16;

/** The filament sensors among Klipper's objects. */
export function findFilamentSensors(objects: readonly string[]): readonly string[] {
  return objects.filter((name) => /^filament_(switch|motion)_sensor /.test(name)).slice(0, maxSensors);
}

/**
 * What to subscribe to.
 * @param hasPrintDuration while heating `print_duration` stands at 0, so that it costs nothing and its first move
 *   tells that the print has begun; later it would tick four times a second
 */
export function subscriptionFields(sensors: readonly string[], hasPrintDuration: boolean): ObjectFields {
  const printStats = eventFields['print_stats'] ?? [];
  return {
    ...eventFields,
    ...(hasPrintDuration ? { print_stats: [...printStats, 'print_duration'] } : {}),
    ...Object.fromEntries(sensors.map((name) => [name, ['filament_detected', 'enabled']])),
  };
}

const text = v.fallback(v.string(), '');
const seconds = v.fallback(v.number(), 0);
const flag = v.fallback(v.boolean(), false);
const stateSchema = v.fallback(
  v.picklist(['standby', 'printing', 'paused', 'complete', 'cancelled', 'error']),
  'standby',
);
const layerSchema = v.fallback(v.nullable(v.number()), null);
const infoSchema = v.fallback(v.object({ current_layer: layerSchema, total_layer: layerSchema }), {
  current_layer: null,
  total_layer: null,
});
const webhooksSchema = v.fallback(v.picklist(['ready', 'startup', 'error', 'shutdown']), 'startup');

/** Klippy as Moonraker reports it, before Klipper's own word is heard. */
export interface KlippyView {
  readonly klippy: 'ready' | NotReadyWhy;
  readonly message: string;
}

/**
 * Reads the store. Missing and unknown values read as nothing printing, no duration, no flag.
 * @param eventtimeS Klipper's clock of the newest reading
 */
export function toSnapshot(
  store: StatusStore,
  sensors: readonly string[],
  view: KlippyView,
  eventtimeS: number,
): PrinterSnapshot {
  const read = <Schema extends v.GenericSchema>(object: string, field: string, schema: Schema) =>
    v.parse(schema, store.get(object, field));
  const info = read('print_stats', 'info', infoSchema);
  const webhooks = read('webhooks', 'state', webhooksSchema);
  // Moonraker's "ready" is older news than Klipper's own "shutdown".
  const isKlipperSpeaking = view.klippy === 'ready' && webhooks !== 'ready';
  return {
    klippy: isKlipperSpeaking ? webhooks : view.klippy,
    message: isKlipperSpeaking ? read('webhooks', 'state_message', text) : view.message,
    state: read('print_stats', 'state', stateSchema),
    errorMessage: read('print_stats', 'message', text),
    filename: read('print_stats', 'filename', text),
    printDurationMs: read('print_stats', 'print_duration', seconds) * 1000,
    totalDurationMs: read('print_stats', 'total_duration', seconds) * 1000,
    filePosition: read('virtual_sdcard', 'file_position', seconds),
    isPaused: read('pause_resume', 'is_paused', flag),
    isSdActive: read('virtual_sdcard', 'is_active', flag),
    progress: Math.min(Math.max(read('virtual_sdcard', 'progress', seconds), 0), 1),
    layer: info.current_layer,
    totalLayer: info.total_layer,
    isFilamentOut: sensors.some(
      (name) => read(name, 'enabled', flag) && store.get(name, 'filament_detected') === false,
    ),
    eventTickMs: eventtimeS * 1000,
  };
}
