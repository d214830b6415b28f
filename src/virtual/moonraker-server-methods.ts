// server.* and machine.* of a virtual Moonraker, as far as a companion asks for them.
import { cpus, freemem, totalmem } from 'node:os';
import type { MoonrakerHub } from './moonraker-hub.ts';
import type { MoonrakerLink } from './moonraker-link.ts';
import { refuse } from './moonraker-rpc.ts';
import type { VirtualPrinter } from './printer.ts';

/** A line of the console, as `server.gcode_store` keeps it. */
export interface GcodeStoreEntry {
  readonly message: string;
  readonly time: number;
  readonly type: 'command' | 'response';
}

/** What the methods need. */
export interface ServerMethodsDeps {
  readonly hub: MoonrakerHub;
  readonly link: MoonrakerLink;
  readonly printer: VirtualPrinter;
  readonly gcodeStore: readonly GcodeStoreEntry[];
  readonly warnings: readonly string[];
  readonly notifiers: readonly Readonly<Record<string, unknown>>[];
  /** Entries of the update manager by name; null: there is no update manager. */
  readonly updates: Readonly<Record<string, object>> | null;
  /** server.restart. */
  readonly restart: () => void;
}

const components = [
  ...[
    'secrets',
    'template',
    'klippy_connection',
    'jsonrpc',
    'internal_transport',
    'application',
    'websockets',
  ],
  ...['database', 'dbus_manager', 'file_manager', 'authorization', 'klippy_apis', 'shell_command', 'machine'],
  ...['data_store', 'proc_stats', 'job_state', 'job_queue', 'history', 'http_client', 'announcements'],
  ...['webcam', 'extensions', 'octoprint_compat', 'notifier'],
];

/** Registers the methods. */
export function registerServerMethods(deps: ServerMethodsDeps): void {
  const { hub, link, printer } = deps;

  hub.register('server.info', () => ({
    klippy_connected: link.isConnected,
    klippy_state: link.state,
    components,
    failed_components: [],
    registered_directories: ['config', 'logs', 'gcodes', 'config_examples', 'docs'],
    warnings: [...deps.warnings],
    websocket_count: hub.clients.size,
    moonraker_version: 'v0.11.0-0-g0000000',
    missing_klippy_requirements: [],
    api_version: [1, 5, 0],
    api_version_string: '1.5.0',
  }));
  hub.register('server.restart', () => {
    setImmediate(deps.restart);
    return 'ok';
  });
  hub.register('server.websocket.id', (_, client) => ({ websocket_id: client.id }));
  hub.register('server.config', () => ({ config: {}, orig: {}, files: [] }));
  hub.register('server.gcode_store', (params) => {
    const count = params.whole('count', deps.gcodeStore.length);
    return { gcode_store: count === 0 ? [] : deps.gcodeStore.slice(-count) };
  });
  hub.register('server.temperature_store', () => ({}));
  hub.register('server.announcements.list', () => ({ entries: [], feeds: ['moonraker', 'klipper'] }));
  hub.register('server.notifiers.list', () => ({ notifiers: [...deps.notifiers] }));
  hub.register('server.files.roots', () => [
    { name: 'gcodes', path: printer.gcodesPath, permissions: 'rw' },
    { name: 'config', path: '/home/pi/printer_data/config', permissions: 'rw' },
  ]);
  hub.register('server.files.list', () =>
    printer.files().map(({ path, modified, size }) => ({ path, modified, size, permissions: 'rw' })),
  );
  hub.register('server.files.metadata', (params) => {
    const filename = params.text('filename');
    const file = printer.files().find(({ path }) => path === filename);
    if (file === undefined) throw refuse.notFound(`Metadata not available for <${filename}>`);
    return { size: file.size, modified: file.modified, slicer: 'Unknown', filename };
  });
  hub.register('machine.system_info', () => ({
    system_info: {
      cpu_info: {
        cpu_count: cpus().length,
        model: 'virtual',
        total_memory: memory().total,
        memory_units: 'kB',
      },
      distribution: { name: 'virtual', id: 'virtual', version: '1', like: 'debian' },
      available_services: ['klipper', 'moonraker'],
      instance_ids: { moonraker: 'moonraker', klipper: 'klipper' },
      service_state: {},
      python: { version_string: '3.11.0' },
      network: {},
    },
  }));
  const { updates } = deps;
  if (updates !== null) {
    hub.register('machine.update.status', () => ({
      busy: false,
      github_rate_limit: null,
      github_requests_remaining: null,
      github_limit_reset_time: null,
      version_info: { ...updates },
    }));
  }
  hub.register('machine.proc_stats', () => procStats(hub));
}

/** What `notify_proc_stat_update` says once a second. */
export function procStats(hub: MoonrakerHub): object {
  return {
    moonraker_stats: {
      time: Date.now() / 1000,
      cpu_usage: 0.8,
      memory: 89_840,
      mem_units: 'kB',
    },
    cpu_temp: null,
    network: {},
    system_cpu_usage: { cpu: 5, cpu0: 5, cpu1: 5 },
    system_memory: memory(),
    websocket_connections: hub.clients.size,
  };
}

function memory() {
  const total = Math.round(totalmem() / 1024);
  const available = Math.round(freemem() / 1024);
  return { total, available, used: total - available };
}
