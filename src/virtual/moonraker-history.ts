// Moonraker's job history: one entry a print, told when it starts and when it has ended.
import type { MoonrakerHub } from './moonraker-hub.ts';
import type { MoonrakerLink } from './moonraker-link.ts';
import { refuse } from './moonraker-rpc.ts';
import type { VirtualPrinter } from './printer.ts';

/** The history. */
export interface MoonrakerHistory {
  /** What a stop of Moonraker does to a running job. */
  serverExit(): void;
  /** What a kill leaves: the next start finds the job and calls it interrupted. */
  interrupt(): void;
}

interface Job {
  end_time: number | null;
  filament_used: number;
  filename: string;
  metadata: Record<string, unknown>;
  print_duration: number;
  status: string;
  start_time: number;
  total_duration: number;
  auxiliary_data: unknown[];
  user: string;
}

type Stats = Readonly<Record<string, unknown>>;

const over = ['standby', 'complete', 'cancelled', 'error'];
const seconds = () => Date.now() / 1000;

/** Registers server.history.* and follows the printer. */
export function createMoonrakerHistory(
  hub: MoonrakerHub,
  link: MoonrakerLink,
  printer: VirtualPrinter,
): MoonrakerHistory {
  const jobs = new Map<number, Job>();
  let lastId = 0;
  let current: number | null = null;
  let stats: Stats = {};

  const idText = (id: number) => id.toString(16).toUpperCase().padStart(6, '0');
  const known = (job: Job) => printer.files().some((file) => file.path === job.filename);
  const tell = (action: string, id: number, job: Job) => {
    hub.notify('history_changed', [{ action, job: { ...job, exists: known(job), job_id: idText(id) } }]);
  };
  const readStats = (job: Job, from: Stats) => {
    job.print_duration = Number(from['print_duration'] ?? 0);
    job.total_duration = Number(from['total_duration'] ?? 0);
    job.filament_used = Number(from['filament_used'] ?? 0);
  };
  const finish = (status: string, from: Stats) => {
    const job = current === null ? undefined : jobs.get(current);
    if (job === undefined || current === null) return;
    job.end_time = seconds();
    job.status = status;
    // Numbers that were reset meanwhile do not belong to this job.
    const isSame =
      from['filename'] === job.filename && Number(from['total_duration'] ?? 0) >= job.total_duration;
    if (isSame) readStats(job, from);
    tell('finished', current, job);
    current = null;
  };
  const add = (from: Stats) => {
    if (current !== null) finish('cancelled', stats);
    lastId += 1;
    const filename = String(from['filename']);
    const file = printer.files().find((entry) => entry.path === filename);
    const job: Job = {
      end_time: null,
      filament_used: 0,
      filename,
      metadata:
        file === undefined
          ? {}
          : { size: file.size, modified: file.modified, uuid: crypto.randomUUID(), slicer: 'Unknown' },
      print_duration: 0,
      status: 'in_progress',
      start_time: seconds(),
      total_duration: 0,
      auxiliary_data: [],
      user: '_TRUSTED_USER_',
    };
    readStats(job, from);
    jobs.set(lastId, job);
    current = lastId;
    tell('added', lastId, job);
  };

  link.onPrintStats.add((now, before) => {
    stats = now;
    const from = String(before['state']);
    const to = String(now['state']);
    if (from === to) return;
    const hasResumed =
      from === 'paused' &&
      before['filename'] === now['filename'] &&
      Number(before['total_duration']) < Number(now['total_duration']);
    if (to === 'printing' && !hasResumed) return add(now);
    if (over.includes(from) && to !== 'standby' && to !== 'printing') add(now);
    if (to === 'complete') finish('completed', now);
    else if (to === 'error') finish('error', now);
    // Klipper may have reset its numbers already: the last ones seen are told.
    else if (to === 'cancelled' || to === 'standby') finish('cancelled', before);
  });
  link.onState.add((state) => {
    if (state === 'shutdown') finish('klippy_shutdown', stats);
    if (state === 'disconnected') finish('klippy_disconnect', stats);
  });

  const listed = (id: number, job: Job) => ({
    job_id: idText(id),
    user: job.user,
    filename: job.filename,
    status: job.status,
    start_time: job.start_time,
    end_time: job.end_time,
    print_duration: job.print_duration,
    total_duration: job.total_duration,
    filament_used: job.filament_used,
    metadata: job.metadata,
    auxiliary_data: job.auxiliary_data,
    exists: known(job),
  });
  hub.register('server.history.list', (params) => {
    const limit = params.whole('limit', 50);
    const start = params.whole('start', 0);
    const order = params.text('order', 'desc').toUpperCase();
    if (order !== 'ASC' && order !== 'DESC') throw refuse.plain(`Invalid \`order\` value: ${order}`);
    const since = params.number('since', -1);
    const before = params.number('before', -1);
    const found = [...jobs]
      .filter(([, job]) => since === -1 || job.start_time > since)
      .filter(([, job]) => before === -1 || (job.end_time ?? Number.POSITIVE_INFINITY) < before);
    if (order === 'DESC') found.reverse();
    const page = limit > 0 ? found.slice(start, start + limit) : found;
    return { count: page.length, jobs: page.map(([id, job]) => listed(id, job)) };
  });
  hub.register('server.history.get_job', (params) => {
    const uid = params.text('uid');
    const id = Number.parseInt(uid, 16);
    const job = jobs.get(id);
    if (job === undefined) throw refuse.notFound(`Invalid job uid: ${uid}`);
    return { job: listed(id, job) };
  });
  hub.register('server.history.totals', () => {
    const ended = [...jobs.values()].filter((job) => job.end_time !== null);
    const sum = (read: (job: Job) => number) => ended.reduce((total, job) => total + read(job), 0);
    const most = (read: (job: Job) => number) => Math.max(0, ...ended.map(read));
    return {
      job_totals: {
        total_jobs: ended.length,
        total_time: sum((job) => job.total_duration),
        total_print_time: sum((job) => job.print_duration),
        total_filament_used: sum((job) => job.filament_used),
        longest_job: most((job) => job.total_duration),
        longest_print: most((job) => job.print_duration),
      },
      auxiliary_totals: [],
    };
  });

  return {
    serverExit: () => finish('server_exit', stats),
    interrupt: () => {
      const job = current === null ? undefined : jobs.get(current);
      if (job !== undefined) job.status = 'interrupted';
      current = null;
    },
  };
}
