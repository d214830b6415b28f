// Registers names that Klipper's macros can call with action_call_remote_method, anew with each connection.
import { MoonrakerError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { ConnectionState, MoonrakerConnection } from './connection.ts';
import { okSchema } from './messages.ts';

/** Keeps the names registered until the returned function is called. Only for a connection of type `agent`. */
export function keepRemoteMethods(
  connection: Pick<MoonrakerConnection, 'state' | 'onState' | 'call'>,
  names: readonly string[],
  parentLog: Log,
): () => void {
  const log = parentLog.child('moonraker/remote-methods');
  const register = async (name: string) => {
    try {
      await connection.call('connection.register_remote_method', { method_name: name }, okSchema);
    } catch (error) {
      // A connection that has gone comes back, and then it is tried again.
      const isGone = error instanceof MoonrakerError && error.code === 'MOONRAKER_CLOSED';
      if (!isGone) log.warn('macros cannot call us by this name', { name, error });
    }
  };
  const onState = ({ kind }: ConnectionState) => {
    if (kind === 'up') for (const name of names) void register(name);
  };
  onState(connection.state);
  return connection.onState(onState);
}
