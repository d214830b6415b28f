// Finds the way back from a service to this host: who will come to fetch, and under which address of ours.
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { BackendError } from '../core/errors.ts';
import { isPrivateAddress } from '../lib/private-networks.ts';

/** What the user says about the way; both null where nothing is. */
export interface RouteOptions {
  /** Name or address of this host, as the service is to call it. */
  readonly serveAddress: string | null;
  /** Addresses and ranges of those who may fetch besides the service's own, separated by commas. */
  readonly serveTo: string | null;
}

/** The way back. */
export interface Route {
  /** Those who may fetch. */
  readonly guests: BlockList;
  /** This host, as it stands in a URL. */
  readonly host: string;
  /** Address of this host to listen on; null for all of them. */
  readonly listenOn: string | null;
  /** Every address of the service is of this host or of a private network. */
  readonly isPrivate: boolean;
}

/**
 * The way back from the service at this URL. Rejects with Node's error when the name has no address or no network leads
 * there.
 * @throws BackendError BACKEND_BAD_REQUEST for settings that make no sense
 */
export async function findRoute(url: URL, options: RouteOptions): Promise<Route> {
  const given = options.serveAddress === null ? null : readHost(options.serveAddress);
  const guests = readGuests(options.serveTo ?? '');
  const found = await lookup(url.hostname.replace(/^\[|\]$/g, ''), { all: true });
  for (const { address, family } of found) guests.addAddress(address, family === 6 ? 'ipv6' : 'ipv4');
  const isPrivate = found.every(({ address }) => isPrivateAddress(address));
  if (given !== null) {
    const isOurs = isIP(given) !== 0 && ownAddresses().includes(given);
    return { guests, isPrivate, host: inUrl(given), listenOn: isOurs ? given : null };
  }
  // Where there is a choice: the ml_api listens on IPv4 only.
  const target = found.find(({ family }) => family === 4) ?? found[0];
  const own = await addressTowards(target?.address ?? '');
  return { guests, isPrivate, host: inUrl(own), listenOn: own };
}

/** The address from which this host would reach that one. Connecting a datagram socket only looks up the route; nothing is sent. */
async function addressTowards(address: string): Promise<string> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(anyPort, address, () => resolve());
    });
    return socket.address().address;
  } finally {
    socket.close();
  }
}

const anyPort = 9;

/** Without brackets. */
function readHost(text: string): string {
  const host = text.trim().replace(/^\[|\]$/g, '');
  if (isIP(host) === 0 && !/^[\p{L}\p{N}_.-]+$/u.test(host))
    throw badSetting('serve_address', 'a name or an address, without port and path');
  return host;
}

function readGuests(text: string): BlockList {
  const guests = new BlockList();
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const [address = '', bits, ...more] = entry.split('/');
    const most = isIPv6(address) ? 128 : 32;
    const length = bits === undefined ? most : Number(bits);
    const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && length >= 1 && length <= most);
    if (isIP(address) === 0 || !isRange || more.length > 0)
      throw badSetting('serve_to', 'addresses and ranges such as 172.16.0.0/12, separated by commas');
    guests.addSubnet(address, length, typeOf(address));
  }
  return guests;
}

function badSetting(key: string, allowed: string): BackendError {
  return new BackendError(`obico: ${key} cannot be read`, {
    code: 'BACKEND_BAD_REQUEST',
    retry: 'never',
    hint: `${key} in [backend obico] takes ${allowed}.`,
  });
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
}

function typeOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

function inUrl(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
