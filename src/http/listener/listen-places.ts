import { isIPv4 } from 'node:net';
import type { Config } from '../../config/schema/schema.ts';
import type { ListenPlace } from './listen.ts';

type Addresses = Config['listen'];

/**
 * The sockets that serve these addresses. Servers of one port take turns with the wildcards of IPv4 and IPv6 as nginx
 * does: `0.0.0.0:443` and `[::]:443` are two sockets, of which the second takes no IPv4; and an address that another one
 * of the list serves already has no socket of its own, which the system would refuse it.
 */
export function listenPlaces(addresses: Addresses): readonly Omit<ListenPlace, 'flag'>[] {
  return addresses
    .filter((address) => !addresses.some((other) => other !== address && covers(other, address)))
    .map((address) => (needsIPv6Alone(address, addresses) ? { ...address, ipv6Only: true } : address));
}

/** Whether who reaches the one reaches the other too. Without a host it is all addresses of both kinds. */
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

/** With port 0 each has a port of its own. */
function isSamePort(one: Addresses[number], other: Addresses[number]): boolean {
  return one.fd === undefined && other.fd === undefined && one.port !== 0 && one.port === other.port;
}

/** A name may mean addresses of both kinds. */
function isAddress(host: string): boolean {
  return isIPv4(host) || host.includes(':');
}
