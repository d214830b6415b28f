// Where browsers find the dashboard and its pictures.
import { hostname } from 'node:os';
import type { Settings } from './settings.ts';

/** As set, or by the name of this host in the local network. Without a slash at its end. */
export function dashboardUrl({ url }: Pick<Settings['dashboard'], 'url'>, port: number): string {
  return url ?? `http://${hostname().toLowerCase()}.local:${port}`;
}

/** Where the last picture that was looked at is shown; null while the dashboard is off. `printer` as in `[printer NAME]`. */
export function pictureUrl(
  { dashboard }: Pick<Settings, 'dashboard'>,
  printer: string | null,
): string | null {
  if (!dashboard.enabled) return null;
  const which = printer === null ? '' : `&printer=${encodeURIComponent(printer)}`;
  return `${dashboardUrl(dashboard, dashboard.port)}/snapshot.jpg?look${which}`;
}
