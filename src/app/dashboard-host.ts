// Starts the dashboard for the printers of this process and keeps it apart from the watching: it may fail, they go on.
import { hostname, networkInterfaces } from 'node:os';
import { valueText } from '../config/settings.ts';
import { originText } from '../config/sources.ts';
import type { Clock, Log } from '../core/ports.ts';
import { createDashboard } from '../dashboard/server.ts';
import { dashboardUrl } from './dashboard-url.ts';
import { type SeatedPrinter, viewPrinter } from './printer-view.ts';
import type { LoadedSettings } from './settings.ts';

/** What is shown and how. */
export interface DashboardHostOptions {
  readonly loaded: LoadedSettings;
  /** At least one. */
  readonly printers: readonly SeatedPrinter[];
  readonly version: string;
  /** Where the build has put the page. */
  readonly pageFolder: string;
}

/** A dashboard that listens. */
export interface OpenDashboard {
  readonly port: number;
  close(): Promise<void>;
}

type DashboardSettings = LoadedSettings['shared']['dashboard'];

/** Starts it. Resolves with null when it could not start, which is logged. */
export async function startDashboard(
  { loaded, printers, version, pageFolder }: DashboardHostOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<OpenDashboard | null> {
  const settings = loaded.shared.dashboard;
  const own = log.child('app/dashboard');
  const dashboard = createDashboard(
    { ...settings, hostName: hostname(), frameHosts: () => hostsOf(settings), version, pageFolder },
    {
      printers: printers.map((printer) => viewPrinter(printer, loaded.file)),
      settings: () =>
        loaded.settings.map((setting) => ({
          section: setting.section,
          key: setting.key,
          value: valueText(setting),
          origin: originText(setting.origin),
          isDefault: setting.origin.kind === 'default',
        })),
      checkCredential: async (credential, signal) => {
        const [first] = printers;
        return (await first?.seat.current()?.checkCredential(credential, signal)) ?? false;
      },
      clock,
      log,
    },
  );
  try {
    const port = await dashboard.start();
    own.info('the dashboard is open', { url: dashboardUrl(settings, port), port });
    return { port, close: dashboard.close };
  } catch (error) {
    await dashboard.close();
    own.warn('the dashboard cannot be opened; the watching goes on without it', {
      port: settings.port,
      error: error instanceof Error ? error.message : String(error),
      hint: 'Set another port in [dashboard], or enabled: False.',
    });
    return null;
  }
}

/** Under which hosts Mainsail and Fluidd of this network may show the panel. */
function hostsOf({ hosts }: DashboardSettings): readonly string[] {
  const name = hostname().toLowerCase();
  // A content security policy has no way to write an IPv6 address.
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address),
  );
  return ['localhost', name, `${name}.local`, ...hosts, ...addresses];
}
