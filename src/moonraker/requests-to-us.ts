// Answers what Moonraker asks us: extension requests and calls from macros.
import {
  createJSONRPCErrorResponse,
  JSONRPCErrorCode,
  JSONRPCErrorException,
  JSONRPCServer,
} from 'json-rpc-2.0';
import { LookoutError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';

/**
 * Answers one request. `params` is untrusted: any client of Moonraker can send anything.
 * What it returns must be JSON; null and undefined become `"ok"`, because Moonraker takes null for a failure.
 */
export type MethodHandler = (params: unknown) => unknown;

/** The methods that we offer. */
export interface OfferedMethods {
  /** Answers requests; unknown methods with −32601, because Moonraker waits for an answer for ever. */
  readonly server: JSONRPCServer;
  /** Offers a method. Returns the way to withdraw it. */
  add(name: string, handler: MethodHandler): () => void;
  /** Runs a method that was called from a macro and wants no answer. False when there is none of that name. */
  run(name: string, params: unknown): boolean;
}

/** Makes an empty offer. */
export function createOfferedMethods(log: Log): OfferedMethods {
  const handlers = new Map<string, MethodHandler>();
  const server = new JSONRPCServer({
    errorListener: (what, error) => {
      // Whoever asked has been told; an error of another kind is a fault of ours.
      if (error instanceof LookoutError) log.info('a request was refused', { error: error.message });
      else log.warn('a request from Moonraker failed', { what, error: String(error) });
    },
  });
  server.mapErrorToJSONRPCErrorResponse = (id, error) => ({ jsonrpc: '2.0', id, error: toRpcError(error) });
  server.applyMiddleware(async (next, request, serverParams) => {
    if (server.hasMethod(request.method)) return next(request, serverParams);
    const message = `there is no method "${request.method.slice(0, 60)}"; there are: ${[...handlers.keys()].join(', ')}`;
    return createJSONRPCErrorResponse(request.id ?? null, JSONRPCErrorCode.MethodNotFound, message, {
      code: 'CONTROL_UNKNOWN_METHOD',
    });
  });
  return {
    server,
    add: (name, handler) => {
      handlers.set(name, handler);
      server.addMethod(name, async (params: unknown) => (await handler(params)) ?? 'ok');
      return () => {
        handlers.delete(name);
        server.removeMethod(name);
      };
    },
    run: (name, params) => {
      const handler = handlers.get(name);
      if (handler === undefined) return false;
      Promise.resolve()
        .then(() => handler(params))
        .catch((error) => log.warn('a call from a macro failed', { name, error: String(error) }));
      return true;
    },
  };
}

/** Ours tell what to do next; the text of any other error is nobody's business outside. */
function toRpcError(error: unknown) {
  if (!(error instanceof LookoutError)) {
    return new JSONRPCErrorException('internal error', JSONRPCErrorCode.InternalError).toObject();
  }
  const code = error.code === 'CONTROL_BAD_ARGUMENT' ? JSONRPCErrorCode.InvalidParams : serverError;
  const { message, hint } = error;
  return new JSONRPCErrorException(message, code, { code: error.code, hint }).toObject();
}

/** The range −32000 to −32099 is the server's own (JSON-RPC 2.0, section 5.1). */
const serverError = -32_000;
