import { readFile } from 'node:fs/promises';
import type { Backend } from '../../config/values/backend-url.ts';
import { isThisMachine } from '../../lib/own-addresses.ts';

/** Where Linux lists the sockets of this machine (proc_pid_net(5)). */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const LISTENING = '0A';
/** `  0: 00000000:1388 00000000:0000 0A ...`: number, own address and port, remote address and port, state. */
const ROW = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /gm;

/**
 * A warning about a registry on this machine that listens on every address: clients that reach its port bypass the gate,
 * its passwords and its rights. Undefined where it does not, is not running yet, or is on another machine, whose sockets
 * cannot be seen from here.
 */
export async function exposureOf(backend: Backend, tables = TABLES): Promise<string | undefined> {
  if (backend.kind !== 'http' && backend.kind !== 'https') return undefined;
  const { host, port } = backend;
  if (!isThisMachine(host)) return undefined;
  const texts = await Promise.all(tables.map((path) => readFile(path, 'utf8').catch(() => '')));
  if (!texts.some((text) => isOpen(text, port))) return undefined;
  return `the registry on port ${port} listens on every address of this machine: who reaches that port goes around the gate. Bind it to 127.0.0.1 or to a unix socket (docker run -p 127.0.0.1:${port}:5000), or close the port by a firewall`;
}

function isOpen(table: string, port: number): boolean {
  return [...table.matchAll(ROW)].some(
    ([, address = '', hex = '', state]) =>
      state === LISTENING && /^0+$/.test(address) && Number.parseInt(hex, 16) === port,
  );
}
