import { appendFileSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Whether the attacks run at full size, as `npm run test:hostile` asks for. */
export const IS_FULL = process.env['HOSTILE'] === 'full';

/** How much of an attack is tried: the first in every test run, the second in `npm run test:hostile`. */
export function sized(small: number, full: number): number {
  return IS_FULL ? full : small;
}

/** Numbers and short texts by name, for people to read. */
export type Figures = Readonly<Record<string, number | string>>;

/** Says what an attack came to: on the terminal, and to `npm run test:hostile` where that has started it. */
export function reportFigures(part: string, figures: Figures): void {
  const words = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  console.info(`${part}: ${words.join(', ')}`);
  const file = process.env['HOSTILE_FIGURES'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ part, figures })}\n`);
}

/** Numbers below `below`, the same ones in every run of a seed (mulberry32). */
export function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export type Dice = ReturnType<typeof createDice>;

/** One of them. */
export function pick<T>(dice: Dice, from: readonly T[]): T {
  const one = from[dice(from.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
}

/** What a process and its children hold, from /proc. */
export interface BlobPresence {
  readonly pids: readonly number[];
  readonly memoryMb: number;
  readonly descriptors: number;
  /** Of all descriptors those that are sockets. */
  readonly sockets: number;
}

export function holdingsOf(pid: number): BlobPresence {
  const pids = [pid, ...childrenOf(pid)];
  const links = pids.flatMap(descriptorsOf);
  return {
    pids,
    memoryMb: pids.reduce((sum, one) => sum + residentMb(one), 0),
    descriptors: links.length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
  };
}

function childrenOf(pid: number): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    .filter((child) => child !== '')
    .map(Number);
}

function residentMb(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // closed since
    }
  });
}

/** How many connections a server on this loopback port has, those that wait to be closed included. */
export function connectionsTo(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const established = new Set(['01', '08']);
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, from = '', , state = '']) => from.endsWith(local) && established.has(state)).length;
}
