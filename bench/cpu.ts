import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** What Linux counts processor time in; 100 a second on every architecture that Node runs on. */
const TICKS = 100;

interface ProcessStat {
  readonly parent: number;
  /** Of its own, and of the children that have ended and were waited for. */
  readonly ticks: number;
}

/** User and system time of these processes and all that descend from them, in seconds. */
export function cpuSeconds(roots: readonly number[]): number {
  const all = processes();
  return familyOf(roots, all).reduce((sum, pid) => sum + (all.get(pid)?.ticks ?? 0), 0) / TICKS;
}

/** User and system time that the whole machine has spent, in seconds. */
export function machineSeconds(): number {
  const [user = 0, nice = 0, system = 0] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)
    .join('')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system) / TICKS;
}

/** The processes and all that descend from them. */
export function family(roots: readonly number[]): readonly number[] {
  return familyOf(roots, processes());
}

/** Forgets how much memory these processes once had, so that `peakBytes` tells what comes now. */
export function resetPeaks(roots: readonly number[]): void {
  for (const pid of family(roots)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // Gone, or of another user: then the peak is that of its whole life.
    }
  }
}

/** Most resident memory since `resetPeaks`, the processes added up; what they share counts for each. */
export function peakBytes(roots: readonly number[]): number {
  return family(roots).reduce((sum, pid) => sum + peakOf(pid), 0);
}

/** Bytes that these processes and all that descend from them have written, to files and to connections. */
export function writtenBytes(roots: readonly number[]): number {
  return family(roots).reduce((sum, pid) => {
    const found = /^wchar: (\d+)$/m.exec(readOf(`/proc/${pid}/io`))?.[1];
    if (found === undefined) throw new Error(`what process ${pid} has written can't be read`);
    return sum + Number(found);
  }, 0);
}

function peakOf(pid: number): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readOf(`/proc/${pid}/status`));
  return Number(found?.[1] ?? 0) * 1024;
}

function processes(): ReadonlyMap<number, ProcessStat> {
  const all = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // The name in parentheses may hold anything; the fields after it are numbers.
    const fields = readOf(`/proc/${name}/stat`).split(') ').pop()?.split(' ').map(Number) ?? [];
    const [, parent = 0] = fields;
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
    all.set(Number(name), { parent, ticks });
  }
  return all;
}

function familyOf(roots: readonly number[], all: ReadonlyMap<number, ProcessStat>): number[] {
  const members = new Set(roots);
  for (let before = -1; before !== members.size;) {
    before = members.size;
    for (const [pid, { parent }] of all) if (members.has(parent)) members.add(pid);
  }
  return [...members];
}

function readOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
