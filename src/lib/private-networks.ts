// Tells whether an address belongs to this host or a private network: where plain http may carry a secret.
import { BlockList, isIPv6 } from 'node:net';

/** RFC 1918, 3927, 4193, 4291, and RFC 6598, in which overlay networks such as Tailscale live. */
const privateNetworks = new BlockList();
for (const [network, length] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
  ['fc00::', 7],
  ['fe80::', 10],
  ['::1', 128],
] as const) {
  privateNetworks.addSubnet(network, length, typeOf(network));
}

/** True for an IPv4 or IPv6 address of this host or a private network. */
export function isPrivateAddress(address: string): boolean {
  return privateNetworks.check(address, typeOf(address));
}

function typeOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
