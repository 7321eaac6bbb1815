import { parseAddress } from '../lib/network.ts';

/** The network that is counted as one: an IPv4 address, or the /64 that an IPv6 address lies in; anything else as it is. */
export function networkOf(address: string): string {
  const parsed = parseAddress(address.replace(/%.*$/, ''));
  if (parsed === undefined) return address;
  if (parsed.family === 4) return [24n, 16n, 8n, 0n].map((bits) => (parsed.value >> bits) & 255n).join('.');
  const groups = [112n, 96n, 80n, 64n].map((bits) => ((parsed.value >> bits) & 0xffffn).toString(16));
  return `${groups.join(':')}::/64`;
}
