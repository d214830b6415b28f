// Who may look: addresses that are trusted, and names of this host that a foreign page cannot take (DNS rebinding).
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The part of `[dashboard]` that says who may come in. */
export interface AccessOptions {
  /** IP addresses and ranges. */
  readonly trustedClients: readonly string[];
  /** Further names of this host and of the user interfaces, lower case. */
  readonly hosts: readonly string[];
  /** This host's own name as the system has it. */
  readonly hostName: string;
}

/** Answers by address and by name. */
export interface Access {
  /** The address that the request comes from; behind a proxy on this host the one that the proxy saw. */
  clientOf(request: Pick<IncomingMessage, 'socket' | 'headers'>): string;
  /** True for an address in `trusted_clients`. */
  isTrusted(address: string): boolean;
  /** True for a `Host` header, or the host part of an origin, that nobody else can own. */
  isKnownHost(host: string): boolean;
  /** True for the origin of a page on a host we know, on whatever port: Mainsail and Fluidd. */
  isKnownOrigin(origin: string): boolean;
}

/** Reads the lists. Throws nothing: the settings have been checked. */
export function createAccess(options: AccessOptions): Access {
  const trusted = new BlockList();
  for (const network of options.trustedClients) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  const name = options.hostName.toLowerCase();
  const names = new Set(['localhost', name, `${name}.local`, ...options.hosts]);

  const isTrusted = (address: string) => {
    const version = isIP(address);
    return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
  const isKnownHost = (host: string) => {
    const hostName = hostNameOf(host);
    // An address is no name that somebody could point here. A name without a dot is resolved in the own network only.
    return (
      hostName !== null && (isIP(hostName) !== 0 || names.has(hostName) || /^[a-z0-9_-]+$/.test(hostName))
    );
  };
  return {
    clientOf: ({ socket, headers }) => {
      const peer = plainAddress(socket.remoteAddress ?? '');
      if (!isLoopbackAddress(peer)) return peer;
      const forwarded = [headers['x-forwarded-for'] ?? headers['x-real-ip'] ?? ''].flat().join(',');
      // The last entry is what the proxy itself saw; those before it are what its client says.
      const last = plainAddress(forwarded.split(',').at(-1)?.trim() ?? '');
      return last === '' ? peer : last;
    },
    isTrusted,
    isKnownHost,
    isKnownOrigin: (origin) => {
      if (!URL.canParse(origin)) return false;
      const { host } = new URL(origin);
      const hostName = hostNameOf(host) ?? '';
      // Unlike our own address, one that a page comes from can be anybody's.
      return isKnownHost(host) && (isIP(hostName) === 0 || isTrusted(hostName));
    },
  };
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/** The name in a `Host` header without its port, lower case; null where it is none. */
function hostNameOf(host: string): string | null {
  const bracketed = /^\[([0-9a-f:.]+)\](?::\d{1,5})?$/i.exec(host)?.[1];
  if (bracketed !== undefined) return bracketed.toLowerCase();
  const name = /^([a-z0-9_.-]{1,253}?)\.?(?::\d{1,5})?$/i.exec(host)?.[1];
  return name === undefined ? null : name.toLowerCase();
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}
