import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../test/support/programs.ts';
import { startDaemon } from './daemon.ts';

/** The Debian package, and the program in it that speaks to a running one. */
export const COUNTER_NEEDS: readonly string[] = ['valgrind', 'vgdb'];

/** A Node.js program whose instructions can be counted, whatever else the machine does. */
export interface Counted {
  /** Instructions in user space that all threads of the program execute while the work runs. */
  count(work: () => Promise<void>): Promise<number>;
  close(): Promise<void>;
}

export interface CountedOptions {
  readonly args: readonly string[];
  readonly port: number;
  /** An empty folder for what callgrind writes. */
  readonly folder: string;
}

const MOST_START_MS = 300_000;
const CALLGRIND = ['--tool=callgrind', '--smc-check=all-non-file', '--instr-atstart=no'];
/**
 * The optimizing compilers start by the clock and by chance, and what they give back again costs as much: with them the
 * same hundred requests take anything from 0.7 to 1.9 million instructions each. Everything is counted in one tier. The
 * collector of garbage sizes its heap by the clock too: it gets a large one, and is seldom seen in the least of some counts.
 */
const STEADY = [
  '--single-threaded',
  '--no-memory-reducer',
  '--no-incremental-marking',
  '--initial-old-space-size=512',
  '--no-minor-gc-task',
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
  '--no-opt',
  '--no-maglev',
  '--always-sparkplug',
  '--no-flush-bytecode',
  '--hash-seed=1',
  '--random-seed=1',
];

/** Starts a program of Node.js on a simulated processor, and waits until it listens. Counting is off until it is asked for. */
export async function startCounted({ args, port, folder }: CountedOptions): Promise<Counted> {
  const out = join(folder, 'counts');
  const command = [...CALLGRIND, `--callgrind-out-file=${out}`, process.execPath, ...STEADY, ...args];
  const log = join(folder, 'log');
  const daemon = await startDaemon(['valgrind', ...command], { port, log, mostMs: MOST_START_MS });
  const tell = (...words: readonly string[]): Promise<string> =>
    must('vgdb', [`--pid=${daemon.pid}`, ...words]);
  let dumps = 0;
  let isOn = false;
  return {
    count: async (work) => {
      if (!isOn) await tell('instrumentation', 'on');
      isOn = true;
      await tell('zero');
      await work();
      await tell('dump');
      dumps += 1;
      return totalOf(await readFile(`${out}.${dumps}`, 'utf8'));
    },
    close: () => daemon.close(),
  };
}

function totalOf(dump: string): number {
  const found = /^totals: (\d+)$/m.exec(dump)?.[1];
  if (found === undefined) throw new Error('callgrind has counted nothing');
  return Number(found);
}
