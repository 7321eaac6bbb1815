import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** A block of addresses: `bits` leading bits of `value` are fixed. */
export interface Network {
  /** As it was written. */
  readonly text: string;
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly bits: number;
}

export type NetworkOutcome =
  | { readonly ok: true; readonly network: Network }
  /** Why it is none, as the end of "it ...". */
  | { readonly ok: false; readonly reason: string };

const WIDTH = { 4: 32, 6: 128 } as const;

/**
 * Reads `10.0.0.0/8`, `fd00::/8` or a lone address: the one reader of all networks that are written down anywhere. Bits
 * behind the prefix are refused, they are a slip of the pen; so is a zone (`fe80::1%eth0`), which no prefix can hold.
 */
export function parseNetwork(text: string): NetworkOutcome {
  const [head = '', prefix, ...rest] = text.split('/');
  const address = parseAddress(head);
  if (address === undefined || rest.length > 0) {
    return { ok: false, reason: 'is neither an address nor a network, like 10.0.0.0/8 or fd00::/8' };
  }
  const width = WIDTH[address.family];
  if (prefix === undefined) return { ok: true, network: address };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > width) {
    return { ok: false, reason: `must end with a number of bits from /0 to /${width}` };
  }
  const bits = Number(prefix);
  return address.value === cut(address, bits)
    ? { ok: true, network: { ...address, text, bits } }
    : { ok: false, reason: `names an address within a network: its last ${width - bits} bits must be zero` };
}

/** The networks of these texts. Those that `parseNetwork` refuses are left out: for texts that it has accepted before. */
export function readNetworks(texts: readonly string[]): Network[] {
  return texts.map(parseNetwork).flatMap((outcome) => (outcome.ok ? [outcome.network] : []));
}

/** One address as a block of its own; an IPv4-mapped one as IPv4. Undefined for anything else. */
export function parseAddress(text: string): Network | undefined {
  if (isIPv4(text)) return { text, family: 4, value: ipv4Value(text), bits: 32 };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const value = ipv6Value(text);
  return value >> 32n === 0xffffn
    ? { text, family: 4, value: value & 0xffff_ffffn, bits: 32 }
    : { text, family: 6, value, bits: 128 };
}

/** Whether all of the one lies within the other. */
export function isWithin(inner: Network, outer: Network): boolean {
  return inner.family === outer.family && inner.bits >= outer.bits && cut(inner, outer.bits) === outer.value;
}

/** Whether an address is in one of the networks; what is no address is in none. */
export function isInside(address: string, networks: readonly Network[]): boolean {
  const peer = parseAddress(address);
  return peer !== undefined && networks.some((network) => isWithin(peer, network));
}

/**
 * The network that is counted as one: an IPv4 address, or the /64 that an IPv6 address lies in, since whoever has one
 * address there has all. Anything else stands for itself.
 */
export function networkOf(address: string): string {
  const peer = parseAddress(plainAddress(address));
  if (peer === undefined) return address;
  if (peer.family === 4) return [24n, 16n, 8n, 0n].map((bits) => (peer.value >> bits) & 255n).join('.');
  const groups = [112n, 96n, 80n, 64n].map((bits) => ((peer.value >> bits) & 0xffffn).toString(16));
  return `${groups.join(':')}::/64`;
}

/**
 * The networks that most likely have one owner: an IPv4 /24, the smallest block that is routed by itself, or the /48 of
 * IPv6 that a provider gives a customer (RFC 6177: a /48 to a /56). Anything else stands for itself.
 */
export function siteOf(address: string): string {
  const network = networkOf(address);
  const site = siteOfNetwork(network);
  return site ?? (isIPv4(network) ? `${network.split('.', 3).join('.')}.0/24` : network);
}

/** The /48 of what `networkOf` says of an IPv6 address; undefined for anything else. */
export function siteOfNetwork(network: string): string | undefined {
  return network.endsWith('::/64') ? `${network.split(':', 3).join(':')}::/48` : undefined;
}

/** An address in the spelling that sockets have for it; undefined for anything else, and for one with a zone. */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return plainAddress(new SocketAddress({ address: text, family: 'ipv6' }).address);
}

/** The address of a socket's peer: IPv4 in its own form on a dual-stack socket, and without the zone of a link. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  const plain = address.startsWith('::ffff:') ? address.replace(/^::ffff:(?=\d+\.)/, '') : address;
  const zone = plain.indexOf('%');
  return zone < 0 ? plain : plain.slice(0, zone);
}

function cut({ family, value }: Pick<Network, 'family' | 'value'>, bits: number): bigint {
  const loose = BigInt(WIDTH[family] - bits);
  return (value >> loose) << loose;
}

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function ipv6Value(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0n);
  return [...left, ...zeros, ...right].reduce((value, group) => value * 0x1_0000n + group, 0n);
}

/** Groups of 16 bits; the last may be written as an IPv4 address. */
function groupsOf(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const value = ipv4Value(group);
    return [value >> 16n, value & 0xffffn];
  });
}
