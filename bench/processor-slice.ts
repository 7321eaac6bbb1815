import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A share of a processor that a process and what it starts may have, as a control group of Linux. */
export interface Slice {
  add(pid: number): void;
  /** Of the periods in which somebody wanted to run: in what share the processor was taken away. Since the last call. */
  throttled(): number;
  /** From now on it holds nobody back. */
  lift(): void;
}

export interface Slices {
  open(name: string): Slice;
  /** Only once nobody is in them any more. */
  close(): void;
}

/** Short, so that who waits for its next share does not wait for long. */
const PERIOD_US = 20_000;
const PREFIX = 'registry-gate-bench-';

interface Place {
  readonly folder: string;
  readonly version: 1 | 2;
}

/** Where groups with a limit on processor time can be made; a text says why nowhere. */
function findPlace(mounts: string): Place | string {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  for (const [, folder = '', type, options = ''] of lines) {
    if (type === 'cgroup' && options.split(',').includes('cpu')) return { folder, version: 1 };
    if (type !== 'cgroup2') continue;
    // What the root does not hand down, nobody below it has.
    const handedDown = readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8').trim();
    if (handedDown.split(' ').includes('cpu')) return { folder, version: 2 };
  }
  return 'no control groups with the cpu controller are mounted under /sys/fs/cgroup';
}

/** Slices of `share` of one processor each. A text says why there can be none. */
export function makeSlices(
  share: number,
  mounts: string = readFileSync('/proc/mounts', 'utf8'),
): Slices | string {
  const place = findPlace(mounts);
  if (typeof place === 'string') return place;
  removeLeftovers(place.folder);
  const root = join(place.folder, `${PREFIX}${process.pid}`);
  try {
    mkdirSync(root);
    if (place.version === 2) writeFileSync(join(root, 'cgroup.subtree_control'), '+cpu');
  } catch (error) {
    return `no control group can be made in ${place.folder} (${String(error)}): that takes root`;
  }
  const made: string[] = [];
  const close = (): void => {
    process.off('exit', close);
    for (const folder of [...made, root]) removeGroup(folder);
  };
  // After those handlers that end what was started.
  process.on('exit', close);
  return {
    open: (name) => {
      const folder = join(root, name);
      mkdirSync(folder);
      made.push(folder);
      return openSlice({ folder, version: place.version }, Math.round(share * PERIOD_US));
    },
    close,
  };
}

function openSlice({ folder, version }: Place, quota: number): Slice {
  const limit = (most: number | undefined): void => {
    if (version === 2) writeFileSync(join(folder, 'cpu.max'), `${most ?? 'max'} ${PERIOD_US}`);
    else {
      writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(most ?? -1));
    }
  };
  limit(quota);
  let before = { periods: 0, throttled: 0 };
  return {
    add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    throttled: () => {
      const text = readFileSync(join(folder, 'cpu.stat'), 'utf8');
      const of = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
      const now = { periods: of('nr_periods'), throttled: of('nr_throttled') };
      const share = (now.throttled - before.throttled) / Math.max(1, now.periods - before.periods);
      before = now;
      return share;
    },
    lift: () => limit(undefined),
  };
}

/** Groups of a process that was killed: those that it started were still in them. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(PREFIX) || existsSync(join('/proc', name.slice(PREFIX.length)))) continue;
    const root = join(folder, name);
    const groups = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const group of groups) removeGroup(join(root, group.name));
    removeGroup(root);
  }
}

function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is still in it; an empty group that stays costs nothing.
  }
}
