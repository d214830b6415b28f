// Reads a recorded session of a real Moonraker and reduces frames to what must be equal in a virtual one.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder =
  process.env['LOOKOUT_CAPTURES'] ?? resolve(import.meta.dirname, '../../../shared/data/captures');

/** Why captures cannot be read; false when they can. For the `skip` of a test. */
export const noCaptures: string | false = existsSync(folder)
  ? false
  : `no recorded sessions at ${folder} (set LOOKOUT_CAPTURES)`;

/** One recorded frame or note. */
export interface Recorded {
  readonly dir: 'in' | 'out' | 'note';
  readonly raw: string;
}

type Frame = Record<string, unknown>;

/** All lines of one capture. */
export function readCapture(name: string): Recorded[] {
  return readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Status fields that move with time; when they are told depends on the moment of the sample. */
const ticking = [
  'total_duration',
  'print_duration',
  'filament_used',
  'progress',
  'file_position',
  'file_size',
];

/** What happened, as comparable lines: notifications and calls to the client. null: nothing that counts. */
export function eventOf(frame: Frame, ignored: readonly string[]): string | null {
  const { method } = frame;
  const [first] = Array.isArray(frame['params']) ? frame['params'] : [undefined];
  switch (method) {
    case undefined:
    case 'notify_proc_stat_update':
    case 'notify_filelist_changed':
      return null;
    case 'notify_gcode_response': {
      const line = plain(String(first));
      // Temperatures are told once a second of a heat-up that is not equally long.
      return /^T0:|^B:/.test(line) ? null : `console ${line}`;
    }
    case 'notify_history_changed':
      return `history ${first.action} ${first.job.status} {${Object.keys(first.job)}}`;
    case 'notify_status_update': {
      const changes = Object.entries(first as Record<string, Frame>).flatMap(([object, fields]) =>
        Object.entries(fields)
          .map(([field, value]) => [`${object}.${field}`, field, value] as const)
          .filter(([path, field]) => !ticking.includes(field) && !ignored.includes(path))
          .filter(([path, , value]) => !(isReset(path, value) && ignored.includes('resets')))
          .map(([path, , value]) => `${path}=${plain(JSON.stringify(value))}`),
      );
      return changes.length === 0 ? null : changes.join(' ');
    }
    default:
      return `${String(method)} ${JSON.stringify(frame['params'] ?? null)}`;
  }
}

/** Told or not told by a start, depending on how the print before has ended. */
function isReset(path: string, value: unknown): boolean {
  if (path === 'print_stats.message') return value === '';
  return path === 'print_stats.info' && !((value as { current_layer: number | null }).current_layer ?? 0);
}

/** What a reply says: errors whole, results by the names and the order of their fields. null: no reply. */
export function replyOf(frame: Frame): string | null {
  if (frame['method'] !== undefined) return null;
  const { error, result } = frame;
  if (error !== undefined) return `error ${plain(JSON.stringify(error))}`;
  return shape(result, 0);
}

/** Names of fields in their order, three levels deep; lists and values only by their kind. */
function shape(value: unknown, depth: number): string {
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) {
    if (depth === 4) return '{}';
    const fields = Object.entries(value).map(([key, inner]) => `${key}:${shape(inner, depth + 1)}`);
    return `{${fields.join(',')}}`;
  }
  return value === 'ok' ? 'ok' : '·';
}

/** Without numbers that depend on the file or the machine, and without folders. */
function plain(text: string): string {
  return text
    .replace(/"\/[^"]*\//g, '"')
    .replace(/Size:\d+/, 'Size:N')
    .replace(/-?\d+\.\d+/g, '#');
}

/** The order of fields in each object of a status: what one update may never contradict. */
export function fieldOrders(frames: readonly Frame[]): Map<string, string[]> {
  const orders = new Map<string, string[]>();
  const learn = (status: Record<string, Frame>) => {
    for (const [object, fields] of Object.entries(status)) {
      const known = orders.get(object) ?? [];
      for (const field of Object.keys(fields)) if (!known.includes(field)) known.push(field);
      orders.set(object, known);
    }
  };
  for (const frame of frames) {
    const status = (frame['result'] as Frame | undefined)?.['status'];
    if (status !== undefined) learn(status as Record<string, Frame>);
  }
  return orders;
}

/** Updates whose fields do not come in the given order, as sentences. */
export function misordered(frames: readonly Frame[], orders: Map<string, string[]>): string[] {
  const found: string[] = [];
  for (const frame of frames) {
    if (frame['method'] !== 'notify_status_update') continue;
    const [status] = frame['params'] as [Record<string, Frame>];
    for (const [object, fields] of Object.entries(status)) {
      const order = orders.get(object) ?? [];
      const places = Object.keys(fields).map((field) => order.indexOf(field));
      const isSorted = places.every((place, at) => at === 0 || place > (places[at - 1] ?? -1));
      if (places.includes(-1) || !isSorted) found.push(`${object}: ${Object.keys(fields)}`);
    }
  }
  return found;
}
