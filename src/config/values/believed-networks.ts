import { readNetworks, type Network } from '../../lib/network.ts';

/** All addresses that clients can have: IPv4, and the global unicast part of IPv6 (RFC 4291 section 2.4). */
const ALL_ADDRESSES = readNetworks(['0.0.0.0/0', '2000::/3']);
const WIDTH = { 4: 32n, 6: 128n } as const;
/** The networks may hold less than a fourth of all addresses. 10.0.0.0/8 is a 256th. */
const MOST = 4n;

/**
 * The reason why these networks can't be trusted proxies, as the end of "networks ...", or undefined. A list that covers
 * a fourth of all addresses trusts strangers, each of which could pretend to be any client.
 */
export function whyTooManyBelieved(texts: readonly string[]): string | undefined {
  const networks = readNetworks(texts);
  const family = ALL_ADDRESSES.find((all) => sizeWithin(networks, all) * MOST >= sizeOf(all))?.family;
  return family === undefined
    ? undefined
    : `hold a fourth or more of all IPv${family} addresses, so strangers could forge their address: name only the proxies before this gate`;
}

/** How many addresses of `all` are in at least one of the networks. */
function sizeWithin(networks: readonly Network[], all: Network): bigint {
  const ranges = networks
    .filter(({ family }) => family === all.family)
    .map((network) => ({ from: max(network.value, all.value), to: min(endOf(network), endOf(all)) }))
    .sort((one, other) => (one.from < other.from ? -1 : 1));
  let size = 0n;
  let reached = 0n;
  for (const { from, to } of ranges) {
    const start = max(from, reached);
    if (to > start) size += to - start;
    reached = max(reached, to);
  }
  return size;
}

function endOf(network: Network): bigint {
  return network.value + sizeOf(network);
}

function sizeOf({ family, bits }: Network): bigint {
  return 1n << (WIDTH[family] - BigInt(bits));
}

function max(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

function min(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
