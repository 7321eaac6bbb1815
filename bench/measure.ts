import type { Bench, Case, Client } from './cases.ts';
import type { Side } from './contenders.ts';
import { cpuSeconds, machineSeconds, peakBytes, resetPeaks } from './cpu.ts';

/** One side, one round. */
export interface Sample {
  /** Seconds of processor time for one unit. */
  readonly cpu: number;
  /** Units in a second. */
  readonly rate: number;
  readonly peak: number;
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly unit: Case['unit'];
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** Processors that other programs kept busy meanwhile, on the average. */
  readonly others: number;
}

/** Everyone does the work unmeasured; then, in each turn of a round, one after the other, in an order that goes round. */
export async function measureCase(
  { name, title, unit }: Case,
  bench: Bench,
  {
    sides,
    rounds,
    client,
  }: { readonly sides: readonly Side[]; readonly rounds: number; readonly client: Client },
): Promise<CaseResult> {
  const samples = new Map<string, Sample[]>(sides.map((side) => [side.name, []]));
  const { warmUps = 1, turns = 1 } = bench;
  for (const side of sides)
    for (let time = 0; time < warmUps; time += 1) await measureOnce(side, bench, client);
  const others = watchOthers();
  for (let round = 0; round < rounds; round += 1) {
    const parts = new Map<string, Sample[]>(sides.map((side) => [side.name, []]));
    for (let turn = 0; turn < turns; turn += 1) {
      const first = (round * turns + turn) % sides.length;
      for (const side of [...sides.slice(first), ...sides.slice(0, first)])
        parts.get(side.name)?.push(await measureOnce(side, bench, client));
    }
    for (const [name, part] of parts) samples.get(name)?.push(cluster(part));
  }
  return { name, title, unit, samples, others: others() };
}

async function measureOnce(side: Side, bench: Bench, client: Client): Promise<Sample> {
  await bench.before(side);
  const amount = bench.amount(side);
  resetPeaks(side.roots);
  const cpu = cpuSeconds(side.roots);
  const start = performance.now();
  await bench.work(side, client);
  const seconds = (performance.now() - start) / 1000;
  return {
    cpu: (cpuSeconds(side.roots) - cpu) / amount,
    rate: amount / seconds,
    peak: peakBytes(side.roots),
  };
}

/** One sample of all the turns of a round, each of which did the same amount. */
function cluster(parts: readonly Sample[]): Sample {
  const sum = (figure: (sample: Sample) => number): number =>
    parts.reduce((total, sample) => total + figure(sample), 0);
  return {
    cpu: sum(({ cpu }) => cpu) / parts.length,
    rate: parts.length / sum(({ rate }) => 1 / rate),
    peak: Math.max(...parts.map(({ peak }) => peak)),
  };
}

/** What is busy on the machine and does not descend from this process. */
function watchOthers(): () => number {
  const seconds = (): number => machineSeconds() - cpuSeconds([process.pid]);
  const [before, start] = [seconds(), performance.now()];
  return () => Math.max(0, ((seconds() - before) * 1000) / (performance.now() - start));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
