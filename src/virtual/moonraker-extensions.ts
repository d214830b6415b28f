// Identification and agents: unique names, events, remote methods, and calls from one client to another.
import type { MoonrakerAccess } from './moonraker-access.ts';
import type { MoonrakerClient, MoonrakerHub } from './moonraker-hub.ts';
import type { MoonrakerLink } from './moonraker-link.ts';
import { refuse } from './moonraker-rpc.ts';

/** An event that an agent has sent. */
export interface AgentEvent {
  readonly agent: string;
  readonly event: string;
  readonly data: unknown;
}

const clientTypes = ['web', 'mobile', 'desktop', 'display', 'bot', 'agent', 'other'];
const reserved = ['connected', 'disconnected'];

/** Registers server.connection.identify, connection.* and server.extensions.*. `onEvent` hears agents' own events. */
export function registerExtensionMethods(
  hub: MoonrakerHub,
  link: MoonrakerLink,
  access: MoonrakerAccess,
  onEvent: (event: AgentEvent) => void,
): void {
  const agents = new Map<string, MoonrakerClient>();
  const methodsOf = new Map<MoonrakerClient, string[]>();

  hub.register(
    'server.connection.identify',
    (params, client) => {
      if (client.isIdentified) {
        const fields = Object.entries(client.data).map(([key, value]) => `'${key}': '${value}'`);
        throw refuse.plain(`Connection already identified: {${fields.join(', ')}}`);
      }
      const data = {
        name: params.text('client_name'),
        version: params.text('version'),
        type: params.text('type').toLowerCase(),
        url: params.text('url'),
      };
      access.authenticate(client, {
        token: params.has('access_token') ? params.text('access_token') : null,
        apiKey: params.has('api_key') ? params.text('api_key') : null,
      });
      if (!clientTypes.includes(data.type)) throw refuse.plain(`Invalid Client Type: ${data.type}`);
      client.data = data;
      // From here on the one chance is spent, even when the name turns out to be taken.
      client.isIdentified = true;
      if (data.type === 'agent') {
        if (agents.has(data.name)) {
          client.data = { ...data, type: '' };
          throw refuse.plain(`Agent '${data.name}' already registered and connected'`);
        }
        agents.set(data.name, client);
        hub.notify('agent_event', [{ agent: data.name, event: 'connected', data }], client);
      }
      return { connection_id: client.id };
    },
    false,
  );
  hub.onGone.add((client) => {
    const { name, type } = client.data;
    if (type !== 'agent' || agents.get(name) !== client) return;
    for (const method of methodsOf.get(client) ?? []) link.removeRemoteMethod(method);
    methodsOf.delete(client);
    agents.delete(name);
    hub.notify('agent_event', [{ agent: name, event: 'disconnected' }]);
  });

  hub.register('connection.send_event', (params, client) => {
    if (client.data.type !== 'agent') {
      throw refuse.plain("Only connections of the 'agent' type can send events");
    }
    const event = params.text('event');
    if (reserved.includes(event)) throw refuse.plain(`Event '${event}' is reserved`);
    const data = params.has('data') ? params.any('data') : null;
    const agent = client.data.name;
    onEvent({ agent, event, data });
    hub.notify('agent_event', [data === null ? { agent, event } : { agent, event, data }], client);
    return 'ok';
  });
  hub.register('connection.register_remote_method', (params, client) => {
    const method = params.text('method_name');
    if (client.data.type !== 'agent') {
      throw refuse.plain("Only connections of the 'agent' type can register methods");
    }
    if (link.hasRemoteMethod(method)) throw refuse.plain(`Remote method (${method}) already registered`);
    link.addRemoteMethod(method, (given) => {
      const message = { jsonrpc: '2.0', method };
      client.send(Object.keys(given).length === 0 ? message : { ...message, params: given });
    });
    methodsOf.set(client, [...(methodsOf.get(client) ?? []), method]);
    return 'ok';
  });
  hub.register('server.extensions.list', () => ({ agents: [...agents.values()].map(({ data }) => data) }));
  hub.register('server.extensions.request', async (params) => {
    const name = params.text('agent');
    const method = params.text('method');
    const given = params.has('arguments') ? params.any('arguments') : null;
    if (typeof given !== 'object') {
      throw refuse.plain("The 'arguments' field must contain an object or a list");
    }
    const agent = agents.get(name);
    if (agent === undefined) throw refuse.plain(`Agent ${name} not connected`);
    return await agent.call(method, given);
  });
}
