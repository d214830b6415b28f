// The sockets of a webhook: certificates are verified, and a secret goes over plain http in the local network only.
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { isPrivateAddress } from '../lib/private-networks.ts';

/** Code of the error with which a request ends whose secret everybody on the way could read. */
export const plainSecretCode = 'PLAIN_SECRET';

type Found = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Refuses to find an address out of the local network: asked where the socket takes it from, so that it is that one. */
function lookupPrivate(hostname: string, options: LookupOptions, found: Found): void {
  lookup(hostname, options, (error, address, family) => {
    if (error !== null) return found(error, address, family);
    const all = Array.isArray(address) ? address.map((each) => each.address) : [address];
    found(all.every(isPrivateAddress) ? null : refusal(), address, family);
  });
}

function refusal(): NodeJS.ErrnoException {
  return Object.assign(new Error('the secret would be readable'), { code: plainSecretCode });
}

/** False for a URL that names a public address over plain http; a name is looked at when it is looked up. */
export function mayCarrySecret(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return url.protocol === 'https:' || isIP(host) === 0 || isPrivateAddress(host);
}

/** Agents for both protocols, and no proxy: an address of the user's own is reached directly. */
export function createWebhookAgents(hasSecret: boolean) {
  return {
    proxy: false as const,
    httpAgent: new http.Agent(hasSecret ? { lookup: lookupPrivate } : {}),
    httpsAgent: new https.Agent({ rejectUnauthorized: true }),
  };
}
