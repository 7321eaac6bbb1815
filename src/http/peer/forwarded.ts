import { isHost, canonicalAddress, isInside, type Network } from '../../lib/network.ts';

const WITH_PORT = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/;

/**
 * Returns the client's address of a request from `peer`: the rightmost address that is not trusted. From right to left,
 * each trusted proxy vouches for the entry to its left; anybody can have written what stands further left. An entry
 * that is not an address ends the search at the proxy that wrote it. `header` is the value of `X-Forwarded-For`, with
 * several joined by commas.
 */
export function clientOf(peer: string, header: string | undefined, trusted: readonly Network[]): string {
  if (header === undefined || !isInside(peer, trusted)) return peer;
  let client = peer;
  for (let end = header.length; end >= 0;) {
    const comma = end === 0 ? -1 : header.lastIndexOf(',', end - 1);
    const address = readEntry(header.slice(comma + 1, end).trim());
    if (address === undefined) return client;
    client = address;
    if (!isInside(address, trusted)) return client;
    end = comma;
  }
  return client;
}

/** Parses an address, with a port as some proxies write it: `192.0.2.1:5000`, `[2001:db8::1]:5000`. */
function readEntry(text: string): string | undefined {
  const [, inBrackets, beforePort] = WITH_PORT.exec(text) ?? [];
  return canonicalAddress(inBrackets ?? beforePort ?? text);
}

/**
 * The host that a client asked a front proxy for, from `X-Forwarded-Host` of that proxy. Of several values the last is
 * taken: the proxy next to the gate wrote it. Undefined where that is not a host with an optional port.
 */
export function hostIn(header: string): string | undefined {
  const last = header.slice(header.lastIndexOf(',') + 1).trim();
  return isHost(last) ? last : undefined;
}
