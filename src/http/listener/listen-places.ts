import { isIPv4 } from 'node:net';
import type { Config } from '../../config/schema/schema.ts';
import type { ListenPlace } from './listen.ts';

type Addresses = Config['listen'];

/**
 * Returns the sockets that serve these addresses. Servers of one port share the wildcards of IPv4 and IPv6 as in nginx:
 * `0.0.0.0:443` and `[::]:443` are two sockets, the second of which accepts no IPv4. An address that another one of the
 * list covers gets no socket, since the system would refuse it.
 */
export function listenPlaces(addresses: Addresses): readonly Omit<ListenPlace, 'flag'>[] {
  return addresses
    .filter((address) => !addresses.some((other) => other !== address && covers(other, address)))
    .map((address) => (needsIPv6Alone(address, addresses) ? { ...address, ipv6Only: true } : address));
}

/** Reports whether a socket on `wide` also accepts connections to `narrow`. An address without a host stands for IPv4 and IPv6. */
function covers(wide: Addresses[number], narrow: Addresses[number]): boolean {
  if (!isSamePort(wide, narrow) || wide.host === narrow.host) return false;
  if (wide.host === undefined) return true;
  if (narrow.host === undefined) return false;
  return wide.host === (isIPv4(narrow.host) ? '0.0.0.0' : '::') && isAddress(narrow.host);
}

function needsIPv6Alone(address: Addresses[number], addresses: Addresses): boolean {
  return (
    address.host === '::' &&
    addresses.some((other) => isSamePort(address, other) && other.host !== undefined && isIPv4(other.host))
  );
}

/** With port 0 each address gets a port of its own. */
function isSamePort(one: Addresses[number], other: Addresses[number]): boolean {
  return one.fd === undefined && other.fd === undefined && one.port !== 0 && one.port === other.port;
}

/** A name may stand for addresses of both families. */
function isAddress(host: string): boolean {
  return isIPv4(host) || host.includes(':');
}
