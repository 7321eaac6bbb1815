import { isIPv4 } from 'node:net';
import { parseListenAddress, type Parsed } from './listen-address.ts';

/** One address; `host` is always there. */
export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`. Without a host: 127.0.0.1. */
export function parseMetricsAddress(text: string): Parsed<MetricsAddress> {
  const parsed = parseListenAddress(text);
  if (!parsed.ok) return parsed;
  const { host = '127.0.0.1', port, fd } = parsed.value;
  if (fd !== undefined) return { ok: false, reason: 'must be HOST:PORT or PORT, not a descriptor' };
  return { ok: true, value: { host, port } };
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
