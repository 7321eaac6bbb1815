import { readFile, stat, statfs } from 'node:fs/promises';
import { nearestExisting } from '../../lib/files/ownership.ts';
import { ask, tryConnect } from './ask.ts';

/** The room for one use. Bytes, and numbers of files; `files` is 0 where the file system has no limit. */
export interface Disk {
  readonly use: 'images' | 'certificates' | 'state' | 'cache';
  readonly path: string;
  readonly free: number;
  readonly size: number;
  readonly freeFiles: number;
  readonly files: number;
}

/** A port that the gate is to listen on. */
export interface ListenFact {
  /** As it is written: `:443`, `127.0.0.1:8443`. */
  readonly text: string;
  readonly state: 'ours' | 'free' | 'foreign' | 'forbidden';
  /** The first port that every user may listen on. */
  readonly unprivilegedFrom: number;
}

/** A file of the gate, and who may read it. */
export interface FileMode {
  readonly path: string;
  /** The permission bits. Undefined if there is no such file. */
  readonly mode: number | undefined;
}

/** Reads how much room there is. Undefined if the system does not say. */
export async function readDisk(use: Disk['use'], path: string): Promise<Disk | undefined> {
  const found = await statfs(nearestExisting(path)).catch(() => undefined);
  if (found === undefined) return undefined;
  const { bavail, bsize, blocks, ffree, files } = found;
  return { use, path, free: bavail * bsize, size: blocks * bsize, freeFiles: ffree, files };
}

export async function readMode(path: string): Promise<FileMode> {
  const found = await stat(path).catch(() => undefined);
  return { path, mode: found === undefined ? undefined : found.mode & 0o777 };
}

/** How many descriptors a process that is started here may have (proc_pid_limits(5)). */
export async function readDescriptorLimit(path = '/proc/self/limits'): Promise<number | undefined> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(text) ?? [];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

interface ListenAt {
  readonly text: string;
  /** Undefined or a wildcard for every address. */
  readonly host: string | undefined;
  readonly port: number;
  readonly isRoot: boolean;
}

/** Looks who has a port. */
export async function readListen({ text, host, port, isRoot }: ListenAt): Promise<ListenFact> {
  const from = Number(
    (await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1').catch(() => '1024')).trim(),
  );
  const address = host === undefined || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const place = { address, port, host: address };
  const fault = await tryConnect(place);
  const isForbidden = fault !== undefined && port < from && !isRoot;
  if (fault !== undefined) return { text, unprivilegedFrom: from, state: isForbidden ? 'forbidden' : 'free' };
  const answer = await ask(place, '/healthz', true);
  const isOurs = answer.kind === 'answer' && /^(?:ok|draining)\n/.test(answer.text);
  return { text, unprivilegedFrom: from, state: isOurs ? 'ours' : 'foreign' };
}
