// The load of the host that Klipper runs on, for each of its cores.
import * as v from 'valibot';
import type { Log } from '../core/ports.ts';
import type { MoonrakerConnection } from './connection.ts';

/** What it is read from. */
export interface HostLoadDeps {
  readonly connection: Pick<MoonrakerConnection, 'call'>;
  /** `system_stats.sysload`, of all cores together; null where Klipper does not say. */
  readonly sysload: () => number | null;
  readonly log: Log;
}

const coresSchema = v.object({
  system_info: v.object({
    cpu_info: v.object({ cpu_count: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
  }),
});

/** So little is no overload of any host, and how many cores there are need not be asked. */
const quietLoad = 0.5;

/** The way to ask. Null where the load or the number of cores is not known; rejects with the signal's reason only. */
export function createHostLoad(deps: HostLoadDeps): (signal: AbortSignal) => Promise<number | null> {
  const { connection, sysload, log } = deps;
  let cores: number | null = null;
  return async (signal) => {
    const load = sysload();
    if (load === null || load <= quietLoad) return load;
    try {
      // A host does not change its cores.
      cores ??= (await connection.call('machine.system_info', {}, coresSchema, { signal })).system_info
        .cpu_info.cpu_count;
      return load / cores;
    } catch (error) {
      signal.throwIfAborted();
      log.debug('nobody says how many cores the host has', { error });
      return null;
    }
  };
}
