// Opens an address of a camera with one GET: basic authentication, private authorities, and redirects within the host.
import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import axios, { type AxiosResponse } from 'axios';
import { CameraError } from '../core/errors.ts';
import { badRedirect, badStatus, unreachable } from './http-errors.ts';

/** How to get in. */
export interface CameraHttpOptions {
  /** For HTTP basic authentication; what stands in the address itself goes first. */
  readonly username: string | null;
  readonly password: string | null;
  /** PEM file of a private authority, trusted beside the public ones. */
  readonly caFile: string | null;
}

/** A successful answer whose body has not been read. The reader must read it to its end or destroy it. */
export interface CameraAnswer {
  readonly body: Readable;
  /** '' where there is none. */
  readonly contentType: string;
  /** Bytes; null where the server does not say. */
  readonly contentLength: number | null;
}

/** Opens addresses and keeps the connection for the next time. */
export interface CameraHttp {
  /**
   * One GET, with up to three redirects. Has no time limit of its own: the signal is the only one, for the body as well.
   * @throws CameraError CAMERA_UNREACHABLE, CAMERA_UNAUTHORIZED, CAMERA_HTTP_STATUS, CAMERA_REDIRECT; anything when aborted
   */
  open(url: URL, signal: AbortSignal): Promise<CameraAnswer>;
  /** Closes kept connections. */
  close(): void;
}

const maxRedirects = 3;

/** Makes a client; connects to nothing yet. */
export function createCameraHttp(options: CameraHttpOptions): CameraHttp {
  const agentOptions = { keepAlive: true, maxFreeSockets: 1 };
  const httpAgent = new HttpAgent(agentOptions);
  let httpsAgent: HttpsAgent | null = null;
  const openHttpsAgent = async () => {
    if (httpsAgent === null) {
      const ca =
        options.caFile === null ? {} : { ca: [...rootCertificates, await readAuthority(options.caFile)] };
      httpsAgent = new HttpsAgent({ ...agentOptions, ...ca });
    }
    return httpsAgent;
  };
  const get = async (url: URL, signal: AbortSignal): Promise<AxiosResponse<Readable>> => {
    const target = new URL(url);
    target.username = '';
    target.password = '';
    const request = {
      responseType: 'stream' as const,
      signal,
      httpAgent,
      ...(url.protocol === 'https:' ? { httpsAgent: await openHttpsAgent() } : {}),
      ...authOf(url, options),
      headers: {
        Accept: 'image/jpeg, multipart/x-mixed-replace, */*',
        'Accept-Encoding': 'identity',
        // Our own dashboard gives its drawn pictures to everybody but to us.
        'User-Agent': 'moonraker-lookout',
      },
      // Redirects are judged here, and a camera in the house is never reached through a proxy of the environment.
      maxRedirects: 0,
      proxy: false as const,
      validateStatus: () => true,
    };
    try {
      return await axios.get<Readable>(target.href, request);
    } catch (error) {
      // A kept connection that the server has closed in the meantime says nothing about the camera.
      if (isReused(error) && !signal.aborted) return await axios.get<Readable>(target.href, request);
      throw error;
    }
  };
  return {
    open: async (first, signal) => {
      let url = first;
      for (let hop = 0; ; hop += 1) {
        const answer = await get(url, signal).catch((error: unknown) => {
          if (error instanceof CameraError || signal.aborted) throw error;
          throw unreachable(url, codeOf(error));
        });
        const { status, data } = answer;
        if (status >= 200 && status < 300) {
          const length = Number(header(answer, 'content-length') || Number.NaN);
          return {
            body: data,
            contentType: header(answer, 'content-type'),
            contentLength: Number.isSafeInteger(length) ? length : null,
          };
        }
        data.destroy();
        const location = header(answer, 'location');
        if (status < 300 || status > 399 || location === '') {
          throw badStatus(url, status, header(answer, 'www-authenticate'));
        }
        if (hop === maxRedirects) throw badRedirect(first, 'from one address to the next without end');
        url = followed(url, location);
      }
    },
    close: () => {
      httpAgent.destroy();
      httpsAgent?.destroy();
    },
  };
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CameraError(`the file of the certificate authority cannot be read: ${path}`, {
      code: 'CAMERA_UNREACHABLE',
      retry: 'later',
      hint: 'Correct ca_file in [camera], and let the user of this service read the file.',
      cause,
    });
  }
}

function authOf(url: URL, options: CameraHttpOptions) {
  if (url.username !== '') {
    return { auth: { username: decode(url.username), password: decode(url.password) } };
  }
  if (options.username === null) return {};
  return { auth: { username: options.username, password: options.password ?? '' } };
}

/** A lone % is legal in a URL object and not in decodeURIComponent. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Where a redirect leads, if it stays on the host. */
function followed(from: URL, location: string): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch {
    throw badRedirect(from, 'to an address that is no URL');
  }
  if (to.hostname !== from.hostname || !/^https?:$/.test(to.protocol)) {
    throw badRedirect(from, `to another host, ${to.host || to.protocol}`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw badRedirect(from, 'from https:// to http://');
  }
  to.username = from.username;
  to.password = from.password;
  return to;
}

function header(answer: AxiosResponse<Readable>, name: string): string {
  const value: unknown = answer.headers[name];
  return typeof value === 'string' ? value : '';
}

function codeOf(error: unknown): string {
  const code: unknown = axios.isAxiosError(error) ? (error.code ?? error.cause?.name) : undefined;
  return typeof code === 'string' ? code : 'unknown fault';
}

/** True for a request that failed on a connection kept from an earlier one, before anything was answered. */
function isReused(error: unknown): boolean {
  if (!axios.isAxiosError(error) || error.response !== undefined) return false;
  const request: unknown = error.request;
  const isKept =
    typeof request === 'object' && request !== null && 'reusedSocket' in request && request.reusedSocket;
  return isKept === true && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
