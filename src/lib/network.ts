import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** A block of addresses: `bits` leading bits of `value` are fixed. */
export interface Network {
  /** As it was written. */
  readonly text: string;
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly bits: number;
}

type NetworkOutcome =
  | { readonly ok: true; readonly network: Network }
  /** Why the text is not a network, as the end of "it ...". */
  | { readonly ok: false; readonly reason: string };

const WIDTH = { 4: 32, 6: 128 } as const;

/**
 * Parses `10.0.0.0/8`, `fd00::/8` or a single address. Every network that is written down anywhere is read here. Bits
 * behind the prefix are refused, since they are a typing mistake; so is a zone (`fe80::1%eth0`), which no prefix can
 * hold.
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

/** Returns the networks of texts that `parseNetwork` has accepted before. Other texts are left out. */
export function readNetworks(texts: readonly string[]): Network[] {
  return texts.map(parseNetwork).flatMap((outcome) => (outcome.ok ? [outcome.network] : []));
}

/** Returns a single address as a network, an IPv4-mapped one as IPv4; undefined for any other text. */
export function parseAddress(text: string): Network | undefined {
  if (isIPv4(text)) return { text, family: 4, value: ipv4Value(text), bits: 32 };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const value = ipv6Value(text);
  return value >> 32n === 0xffffn
    ? { text, family: 4, value: value & 0xffff_ffffn, bits: 32 }
    : { text, family: 6, value, bits: 128 };
}

/** Reports whether all of `inner` lies within `outer`. */
export function isWithin(inner: Network, outer: Network): boolean {
  return inner.family === outer.family && inner.bits >= outer.bits && cut(inner, outer.bits) === outer.value;
}

/** Reports whether an address is in one of the networks. A text that is not an address is in none. */
export function isInside(address: string, networks: readonly Network[]): boolean {
  const peer = parseAddress(address);
  return peer !== undefined && networks.some((network) => isWithin(peer, network));
}

/** Returns the network that is counted as one client: an IPv4 address, or the /64 of an IPv6 address, since its owner has all addresses of it. Any other text is returned as it is. */
export function networkOf(address: string): string {
  const peer = parseAddress(plainAddress(address));
  if (peer === undefined) return address;
  if (peer.family === 4) return [24n, 16n, 8n, 0n].map((bits) => (peer.value >> bits) & 255n).join('.');
  const groups = [112n, 96n, 80n, 64n].map((bits) => ((peer.value >> bits) & 0xffffn).toString(16));
  return `${groups.join(':')}::/64`;
}

/**
 * Returns the network that most likely has one owner: an IPv4 /24, the smallest block that is routed by itself, or the
 * IPv6 /48 that a provider gives a customer (RFC 6177: a /48 to a /56). Any other text is returned as it is.
 */
export function siteOf(address: string): string {
  const network = networkOf(address);
  const site = siteOfNetwork(network);
  return site ?? (isIPv4(network) ? `${network.split('.', 3).join('.')}.0/24` : network);
}

/** Returns the /48 of an IPv6 network as `networkOf` returns it; undefined for any other text. */
export function siteOfNetwork(network: string): string | undefined {
  return network.endsWith('::/64') ? `${network.split(':', 3).join(':')}::/48` : undefined;
}

/** Returns an address in the spelling that sockets use; undefined for any other text, and for an address with a zone. */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return plainAddress(new SocketAddress({ address: text, family: 'ipv6' }).address);
}

/** Returns the address of a socket's peer, IPv4 in its own form on a dual-stack socket, without the zone of a link. */
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

/** The groups of 16 bits. The last one may be written as an IPv4 address. */
function groupsOf(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const value = ipv4Value(group);
    return [value >> 16n, value & 0xffffn];
  });
}

/** A name, an IPv4 address or an IPv6 address in brackets, with a port if one is given. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;

/**
 * Reports whether a text is the host of a server, with an optional port: `uri-host [":" port]` of RFC 9110 section 7.2.
 * Of the names of RFC 3986 section 3.2.2 it takes those that DNS can hold, with `_` in addition, and no percent-encoding.
 *
 *     isHost('registry.example.com:8443') // true
 */
export function isHost(text: string, lowestPort = 0): boolean {
  const match = HOST.exec(text);
  if (match === null) return false;
  const port = match[1];
  return port === undefined || (Number(port) >= lowestPort && Number(port) <= 65_535);
}
