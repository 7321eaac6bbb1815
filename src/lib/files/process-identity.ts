import { createHash, randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { pid } from 'node:process';
import { systemCode } from '../errors.ts';

const UNKNOWN = '-';
/** Precedes the host in a short identity: a hash that stands for the host and the process namespace. */
const SHORT = '~';

/** Returns `HOST NAMESPACE PID START NONCE`, which names this process to all that see the same `/proc`. */
export async function describeSelf(): Promise<string> {
  return [hostname(), await processSpace(), pid, await ownStart(), randomUUID()].join(' ');
}

/** Returns the same in less than 60 characters, which file systems keep in the inode of a symbolic link. */
export async function describeSelfShortly(): Promise<string> {
  return [await shortPlace(), UNKNOWN, pid, await ownStart(), randomUUID().slice(0, 8)].join(' ');
}

/** Reports whether a process has ended. False if that can't be determined: another host or process namespace, no /proc, or one that hides other processes. */
export async function isHolderDead(text: string): Promise<boolean> {
  const [host = '', space, holder, start] = text.split(' ');
  if (start === undefined || start === UNKNOWN) return false;
  const isHere = host.startsWith(SHORT)
    ? host === (await shortPlace())
    : host === hostname() && space !== UNKNOWN && space === (await processSpace());
  if (!isHere || !isSeen(await startTime(1))) return false;
  const found = await startTime(Number(holder));
  return found !== UNKNOWN && found !== start;
}

/** Returns the name of a holder for a sentence. */
export function nameHolder(text: string): string {
  const [host = '', , number] = text.split(' ');
  if (number === undefined) return text || 'an unknown process';
  return host.startsWith(SHORT) ? `process ${number}` : `process ${number} on ${host}`;
}

function isSeen(start: string | undefined): boolean {
  return start !== undefined && start !== UNKNOWN;
}

async function ownStart(): Promise<string> {
  return (await startTime(pid)) ?? UNKNOWN;
}

/** The identity's host and process namespace. An unknown one equals no other. */
async function shortPlace(): Promise<string> {
  const space = await processSpace();
  const place = space === UNKNOWN ? randomUUID() : `${hostname()} ${space}`;
  return SHORT + createHash('sha256').update(place).digest('hex').slice(0, 12);
}

/** Names the running kernel and the process namespace: within both, a process number identifies one process. */
async function processSpace(): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return UNKNOWN;
  }
}

/** Returns the time when a process started, in ticks since boot (proc(5), stat, field 22); undefined for one that can't be seen, `-` if it is not known. */
async function startTime(process: number): Promise<string | undefined> {
  try {
    const line = await readFile(`/proc/${process}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(systemCode(error) ?? '') ? undefined : UNKNOWN;
  }
}
