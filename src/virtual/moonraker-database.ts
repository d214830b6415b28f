// Moonraker's database methods: JSON values under a namespace and a key with dots.
import type { MoonrakerHub } from './moonraker-hub.ts';
import { type RpcParams, refuse } from './moonraker-rpc.ts';

const forbidden = ['database', 'simplyprint'];
const readOnly = ['moonraker', 'gcode_metadata', 'announcements', 'update_manager', 'authorized_users'];

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Registers server.database.*. What is stored outlives a restart of the virtual Moonraker. */
export function registerDatabaseMethods(hub: MoonrakerHub): void {
  const spaces = new Map<string, Tree>();

  const namespaceOf = (params: RpcParams, isWrite: boolean): string => {
    const name = params.text('namespace');
    if (forbidden.includes(name)) {
      throw refuse.forbidden(`Read/Write access to namespace '${name}' is forbidden`);
    }
    if (isWrite && readOnly.includes(name)) {
      throw refuse.forbidden(`Write access to namespace '${name}' is forbidden`);
    }
    return name;
  };
  const keyOf = (params: RpcParams): { told: unknown; path: readonly string[] } => {
    const told = params.any('key');
    if (typeof told === 'string') return { told, path: told.split('.') };
    if (Array.isArray(told) && told.length > 0) return { told, path: told.map(String) };
    throw refuse.plain("Value for argument 'key' is an invalid type: int");
  };
  /** The branch that holds the last part of a path; null when there is none. */
  const branch = (space: Tree, path: readonly string[], canCreate: boolean): Tree | null => {
    let at = space;
    for (const part of path.slice(0, -1)) {
      if (!isTree(at[part])) {
        if (!canCreate) return null;
        at[part] = {};
      }
      const next = at[part];
      if (!isTree(next)) return null;
      at = next;
    }
    return at;
  };
  const missing = (name: string, path: readonly string[]) =>
    refuse.notFound(`Key '${path.join('.')}' in namespace '${name}' not found`);
  const find = (name: string, path: readonly string[]) => {
    const space = spaces.get(name);
    const last = path.at(-1) ?? '';
    const at = space === undefined ? null : branch(space, path, false);
    if (at === null || !Object.hasOwn(at, last)) throw missing(name, path);
    return { at, last };
  };

  hub.register('server.database.list', () => ({ namespaces: [...spaces.keys()], backups: [] }));
  hub.register('server.database.get_item', (params) => {
    const namespace = namespaceOf(params, false);
    if (!params.has('key') || params.any('key') === null) {
      const space = spaces.get(namespace);
      if (space === undefined) throw refuse.notFound(`Namespace ${namespace} not found`);
      return { namespace, key: null, value: structuredClone(space) };
    }
    const { told, path } = keyOf(params);
    const { at, last } = find(namespace, path);
    return { namespace, key: told, value: structuredClone(at[last]) };
  });
  hub.register('server.database.post_item', (params) => {
    const namespace = namespaceOf(params, true);
    const { told, path } = keyOf(params);
    const value = params.any('value');
    // Success, but nothing is stored: so does Moonraker.
    if (value !== null) {
      const space = spaces.get(namespace) ?? {};
      spaces.set(namespace, space);
      const at = branch(space, path, true);
      if (at !== null) at[path.at(-1) ?? ''] = structuredClone(value);
    }
    return { namespace, key: told, value };
  });
  hub.register('server.database.delete_item', (params) => {
    const namespace = namespaceOf(params, true);
    const { told, path } = keyOf(params);
    const { at, last } = find(namespace, path);
    const value = at[last];
    delete at[last];
    if (Object.keys(spaces.get(namespace) ?? {}).length === 0) spaces.delete(namespace);
    return { namespace, key: told, value };
  });
}
