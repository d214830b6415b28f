// Schemas of everything that we read from Moonraker, in Moonraker's own spelling.
import * as v from 'valibot';

/** Klippy as Moonraker sees it. A word that is not known counts as `startup`: ask again. */
const klippyStateSchema = v.fallback(
  v.picklist(['ready', 'startup', 'error', 'shutdown', 'disconnected']),
  'startup',
);

/** Answer of `server.info`; only what we use. */
export const serverInfoSchema = v.object({
  klippy_state: klippyStateSchema,
  moonraker_version: v.fallback(v.string(), 'unknown'),
  api_version_string: v.fallback(v.string(), 'unknown'),
  failed_components: v.fallback(v.array(v.string()), []),
});

/** `server.info`. */
export type ServerInfo = v.InferOutput<typeof serverInfoSchema>;

/** Answer of `printer.info`: the text that goes with a state other than ready. */
export const printerInfoSchema = v.object({ state_message: v.fallback(v.string(), '') });

/** Answer of `printer.objects.list`. */
export const objectListSchema = v.object({ objects: v.array(v.string()) });

/** Klipper objects with those of their fields that were asked for or have changed. */
const statusTreeSchema = v.record(v.string(), v.record(v.string(), v.unknown()));

/** Klipper objects with their fields. */
export type StatusTree = v.InferOutput<typeof statusTreeSchema>;

/** Answer of `printer.objects.query` and `.subscribe`. `eventtime` is Klipper's monotonic clock in seconds. */
export const statusAnswerSchema = v.object({ eventtime: v.number(), status: statusTreeSchema });

/** Parameters of `notify_status_update`. */
export const statusUpdateSchema = v.tuple([statusTreeSchema, v.number()]);

/** Parameters of `notify_gcode_response`: one message, which may hold several lines. */
export const gcodeResponseSchema = v.tuple([v.string()]);

/** Answer of calls that only say that they are done. */
export const okSchema = v.literal('ok');

/** Answer of `server.gcode_store`. `time` is Unix seconds. */
export const gcodeStoreSchema = v.object({
  gcode_store: v.array(v.object({ message: v.string(), time: v.number(), type: v.fallback(v.string(), '') })),
});

/** Parameters of `notify_user_logged_out` and `notify_user_deleted`. */
export const userGoneSchema = v.tuple([v.object({ username: v.string() })]);

/** One entry of `server.webcams.list`; only what we use. */
export const webcamSchema = v.object({
  name: v.string(),
  service: v.fallback(v.string(), ''),
  enabled: v.fallback(v.boolean(), true),
  snapshot_url: v.fallback(v.string(), ''),
  stream_url: v.fallback(v.string(), ''),
  rotation: v.fallback(v.picklist([0, 90, 180, 270]), 0),
  flip_horizontal: v.fallback(v.boolean(), false),
  flip_vertical: v.fallback(v.boolean(), false),
  target_fps: v.fallback(v.number(), 15),
  extra_data: v.fallback(v.record(v.string(), v.unknown()), {}),
});

/** Answer of `server.webcams.list` and the one parameter of `notify_webcams_changed`; entries are read one by one. */
export const webcamListSchema = v.object({ webcams: v.array(v.unknown()) });

/** `configfile.settings`, of which only the idle timeout is looked at. Seconds. */
export const idleTimeoutSettingsSchema = v.object({ idle_timeout: v.object({ timeout: v.number() }) });
