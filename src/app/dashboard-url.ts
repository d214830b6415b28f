// Where browsers find the dashboard.
import { hostname } from 'node:os';
import type { Settings } from './settings.ts';

/** As set, or by the name of this host in the local network. Without a slash at its end. */
export function dashboardUrl({ url }: Pick<Settings['dashboard'], 'url'>, port: number): string {
  return url ?? `http://${hostname().toLowerCase()}.local:${port}`;
}
