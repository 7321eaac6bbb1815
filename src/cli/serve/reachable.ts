import { isIP, type AddressInfo } from 'node:net';
import { parseSubjectName } from '../../pki/x509/subject-names.ts';

/** Where clients reach the gate. */
export interface Reachable {
  /** The name or address for image names. */
  readonly host: string;
  readonly port: number;
  /** Other names and addresses that work with the same port. */
  readonly others: readonly string[];
}

export interface ReachableOptions {
  /** The addresses that the gate listens on. */
  readonly addresses: readonly Pick<AddressInfo, 'address' | 'port'>[];
  /** Names and addresses of the certificate. */
  readonly names: readonly string[];
  /** The names of --host, which always count as reachable. */
  readonly hosts: readonly string[];
  /** In a container, clients can't use the addresses of its own network. */
  readonly isContainer: boolean;
}

const EVERY_ADDRESS = ['::', '0.0.0.0'];
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Finds the names by which clients reach the gate, and the best of them for image names. */
export function findReachable({ addresses, names, hosts, isContainer }: ReachableOptions): Reachable {
  const port = addresses[0]?.port ?? 443;
  const open = addresses.filter((address) => address.port === port).map(({ address }) => address);
  const given = hosts.flatMap((host) => {
    const name = parseSubjectName(host);
    return 'value' in name ? [name.value] : [];
  });
  const found = isContainer ? ['localhost'] : names.filter((name) => leadsTo(name, open));
  const candidates = [...new Set([...given, ...found, ...(isContainer ? [] : specific(open))])];
  const host = given[0] ?? nameForImages(candidates);
  return { host, port, others: candidates.filter((name) => name !== host) };
}

/** Whether a name leads to an address that the gate listens on. A host name may lead to any but a loopback address. */
function leadsTo(name: string, open: readonly string[]): boolean {
  if (open.includes('::')) return true;
  const family = isIP(name);
  if (open.includes('0.0.0.0')) return family !== 6;
  if (family !== 0) return open.includes(name);
  return name === 'localhost' ? open.some(isLoopback) : open.some((address) => !isLoopback(address));
}

function specific(open: readonly string[]): readonly string[] {
  return open.filter((address) => !EVERY_ADDRESS.includes(address));
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** A name with a dot, else an address of the network, else a loopback name. */
function nameForImages(names: readonly string[]): string {
  const outer = names.filter(
    (name) => !LOOPBACK.includes(name) && !isLoopback(name) && !name.startsWith('*'),
  );
  return (
    outer.find((name) => isIP(name) === 0 && name.includes('.')) ??
    outer.find((name) => isIP(name) === 4) ??
    outer.find((name) => isIP(name) === 6) ??
    names.find((name) => name === 'localhost' || isLoopback(name)) ??
    'localhost'
  );
}

/** The address in image names. docker takes a first part without dot and port for a folder of Docker Hub, except `localhost`. */
export function registryAddress({ host, port }: Pick<Reachable, 'host' | 'port'>): string {
  const written = isIP(host) === 6 ? `[${host}]` : host;
  const isPlain = port === 443 && (host.includes('.') || host === 'localhost' || isIP(host) === 6);
  return isPlain ? written : `${written}:${port}`;
}
