// The sockets below a backend's requests: kept alive for a moment, verified, and given up when they do not come to stand.
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';

/**
 * How long an unused socket is kept. Below the 5 s after which Node and uvicorn close theirs, so that a picture is never
 * written to a socket that the service is just closing; slower cadences get a new socket each and TLS resumes its session.
 */
const idleSocketMs = 4_000;

/** Agents for both protocols. `ca` (PEM) is trusted besides the system's own authorities. */
export interface Agents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
}

/** Makes the agents of one backend. Certificates are always verified, whatever the environment says. */
export function createAgents(ca: readonly string[] | null): Agents {
  const options = { keepAlive: true, maxSockets: 2, maxFreeSockets: 1, timeout: idleSocketMs };
  return {
    httpAgent: new http.Agent(options),
    httpsAgent: new https.Agent({
      ...options,
      rejectUnauthorized: true,
      ...(ca === null ? {} : { ca: [...ca] }),
    }),
  };
}

/** What axios hands its transport. */
type RequestOptions = http.RequestOptions & { readonly protocol?: string | null };
type OnResponse = (response: http.IncomingMessage) => void;

/** The transport of one request, for axios. */
export interface Transport {
  request(options: RequestOptions, onResponse: OnResponse): http.ClientRequest;
}

/** The connection did not come to stand in time. */
class ConnectTimeout extends Error {
  readonly code = 'CONNECT_TIMEOUT';
}

/**
 * A transport that gives up when there is no connection (with TLS, and through a proxy where there is one) after `ms`.
 * axios has one timeout only, and it starts anew with each byte.
 * @param onConnect called once the connection stands: from here on the service may have seen the request
 */
export function createTransport(ms: number, onConnect: () => void): Transport {
  return {
    request(options, onResponse) {
      const { request } = options.protocol === 'https:' ? https : http;
      const outgoing = request(options, onResponse);
      const timer = setTimeout(() => {
        outgoing.destroy(new ConnectTimeout(`no connection within ${ms} ms`));
      }, ms);
      const connected = () => {
        clearTimeout(timer);
        onConnect();
      };
      outgoing.once('close', () => clearTimeout(timer));
      outgoing.once('socket', (socket: Socket) => {
        if (outgoing.reusedSocket) connected();
        else socket.once(options.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
      });
      return outgoing;
    },
  };
}
