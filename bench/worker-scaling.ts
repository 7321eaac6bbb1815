import type { Client } from './cases.ts';
import { startBackend, startSide, type Side } from './contenders.ts';
import { cpuSeconds, family, machineSeconds } from './cpu.ts';
import { availableParallelism } from 'node:os';
import { pull } from './layer-client.ts';
import { median } from './measure.ts';
import type { Slice, Slices } from './processor-slice.ts';
import { AUTHORIZATION, sendMany, shakeHands } from './small-client.ts';

/** Some number of workers at some work, with slices of a processor or without. */
export interface WorkerRow {
  readonly name: string;
  readonly title: string;
  readonly unit: 'request' | 'handshake' | 'GB';
  readonly workers: number;
  /** Of one processor, for each process; undefined where nobody is held back. */
  readonly share: number | undefined;
  /** Units in a second. */
  readonly rate: number;
  /** The rate as a multiple of that of one worker with the same slice. */
  readonly ofOne: number | undefined;
  /** Seconds of processor time for one unit, of all processes, and of the one that hands connections on. */
  readonly cpu: number;
  readonly primaryCpu: number;
  /** In what share of the periods workers were held back, and the first process: near 1 it is they who decide the rate. */
  readonly throttled: number | undefined;
  readonly primaryThrottled: number | undefined;
  /** Processors of the machine that nobody used meanwhile. */
  readonly idle: number;
}

export interface Work extends Pick<WorkerRow, 'name' | 'title' | 'unit'> {
  /** Units for each worker before anything is measured: a process gets cheaper with its first tens of thousands of requests. */
  readonly warmUp: number;
  /** Units for each worker in one measurement, with a share of a processor of this size. */
  amount(share: number): number;
  run(
    client: Client,
    port: number,
    order: { readonly units: number; readonly workers: number },
  ): Promise<void>;
}

const CLIENTS = 8;
const PULLS = 4;
const LAYER = 16;
const LAYER_GB = (LAYER * 1024 * 1024) / 1e9;
/** What a warm gate does in a second of processor time, roughly: how long a measurement takes hangs on it. */
const SPEED = { request: 20_000, handshake: 2000, GB: 2 };
const SECONDS = 1;

export const WORKER_WORK: readonly Work[] = [
  {
    name: 'get',
    title: `GET /v2/, signed in, ${CLIENTS} connections for each worker`,
    unit: 'request',
    warmUp: 20_000,
    amount: (share) => Math.ceil(SPEED.request * SECONDS * share),
    run: ({ ca }, port, { units, workers }) => {
      const request = { method: 'GET', target: '/v2/', authorization: AUTHORIZATION, status: 200 } as const;
      return sendMany({ port, ca }, request, { count: units, clients: CLIENTS * workers });
    },
  },
  {
    name: 'handshakes',
    title: `full TLS handshakes, ${CLIENTS} at once for each worker`,
    unit: 'handshake',
    warmUp: 1500,
    amount: (share) => Math.ceil(SPEED.handshake * SECONDS * share),
    run: ({ ca }, port, { units, workers }) => shakeHands({ port, ca }, units, CLIENTS * workers),
  },
  {
    name: 'pull',
    title: `layers of ${LAYER} MiB, ${PULLS} clients for each worker`,
    unit: 'GB',
    warmUp: PULLS * 8 * LAYER_GB,
    amount: (share) => PULLS * timesOf(share) * LAYER_GB,
    run: async ({ fixture }, port, { units, workers }) => {
      const clients = PULLS * workers;
      const times = Math.round(units / LAYER_GB / clients);
      await pull(fixture, port, { blob: await fixture.blob(LAYER), clients, times });
    },
  },
];

function timesOf(share: number): number {
  return Math.ceil((SPEED.GB * SECONDS * share) / PULLS / LAYER_GB);
}

export interface Scaling {
  readonly work: Work;
  readonly counts: readonly number[];
  readonly rounds: number;
  readonly given?: { readonly slices: Slices; readonly share: number };
}

/** A gate with its processes apart. */
interface Team {
  readonly side: Side;
  readonly workers: number;
  /** Processes that serve. With one worker it is the only one. */
  readonly members: readonly number[];
  slices: readonly Slice[];
  primarySlice: Slice | undefined;
}

type Sample = Omit<WorkerRow, 'name' | 'title' | 'unit' | 'workers' | 'share' | 'ofOne'>;

/** One kind of work. Every worker is as warm as the others before anything is measured. */
export async function measureWorkers(client: Client, wishes: Scaling): Promise<readonly WorkerRow[]> {
  const { work, counts, given, rounds } = wishes;
  const backend = await startBackend(client.fixture, 'static');
  const teams: Team[] = [];
  try {
    for (const workers of new Set([1, 2, ...(given === undefined ? [] : counts)]))
      teams.push(await startTeam(client, workers, backend));
    for (const { side, workers } of teams)
      await work.run(client, side.port, { units: work.warmUp * workers, workers });
    const rows: WorkerRow[] = [];
    if (given !== undefined) {
      const several = teams.filter(({ workers }) => counts.includes(workers));
      for (const team of several) enclose(team, given.slices);
      rows.push(...(await measureRounds(client, { work, teams: several, rounds, share: given.share })));
      for (const { slices, primarySlice } of several)
        for (const slice of [...slices, primarySlice]) slice?.lift();
    }
    const few = teams.filter(({ workers }) => workers <= 2);
    return [...rows, ...(await measureRounds(client, { work, teams: few, rounds, share: undefined }))];
  } finally {
    for (const { side } of teams) await side.close();
    await backend.close();
  }
}

async function startTeam(
  { fixture }: Client,
  workers: number,
  backend: Awaited<ReturnType<typeof startBackend>>,
): Promise<Team> {
  const name = `gate-workers-${workers}`;
  const side = await startSide(name, fixture, { users: 'apr1', backend: 'static' }, backend);
  const [root] = side.roots;
  // The first worker listens before the others are there.
  for (const deadline = performance.now() + 30_000; ;) {
    const members = workers === 1 ? [...side.roots] : family(side.roots).filter((pid) => pid !== root);
    if (members.length === workers) return { side, workers, members, slices: [], primarySlice: undefined };
    if (performance.now() > deadline) throw new Error(`${name} has ${members.length} workers`);
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}

function enclose(team: Team, slices: Slices): void {
  const { workers, members, side } = team;
  team.slices = members.map((pid, at) => {
    const slice = slices.open(`${side.port}-${at}`);
    slice.add(pid);
    return slice;
  });
  const [root] = side.roots;
  if (workers === 1 || root === undefined) return;
  team.primarySlice = slices.open(`${side.port}-first`);
  team.primarySlice.add(root);
}

interface Rounds {
  readonly work: Work;
  readonly teams: readonly Team[];
  readonly rounds: number;
  readonly share: number | undefined;
}

async function measureRounds(client: Client, { work, teams, rounds, share }: Rounds): Promise<WorkerRow[]> {
  const samples = new Map<Team, Sample[]>(teams.map((team) => [team, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [team, taken] of samples) taken.push(await measureOnce(client, work, team, share));
  const single = [...samples].find(([{ workers }]) => workers === 1)?.[1];
  return [...samples].map(([{ workers }, taken]) => {
    const { name, title, unit } = work;
    const ratios = taken.map(({ rate }, round) => rate / (single?.[round]?.rate ?? Number.NaN));
    const ofOne = single === undefined ? undefined : median(ratios);
    return { name, title, unit, workers, share, ofOne, ...mediansOf(taken) };
  });
}

async function measureOnce(
  client: Client,
  work: Work,
  team: Team,
  share: number | undefined,
): Promise<Sample> {
  const { side, workers, members, slices, primarySlice } = team;
  // Without slices there are not more processors than there are, however many workers.
  const units = share === undefined ? work.amount(1) : work.amount(share) * workers;
  for (const slice of [...slices, primarySlice]) slice?.throttled();
  const before = { all: cpuSeconds(side.roots), members: cpuSeconds(members), machine: machineSeconds() };
  const start = performance.now();
  await work.run(client, side.port, { units, workers });
  const seconds = (performance.now() - start) / 1000;
  const all = cpuSeconds(side.roots) - before.all;
  const held = slices.map((slice) => slice.throttled());
  return {
    rate: units / seconds,
    cpu: all / units,
    primaryCpu: (all - (cpuSeconds(members) - before.members)) / units,
    throttled: share === undefined ? undefined : held.reduce((sum, value) => sum + value, 0) / held.length,
    primaryThrottled: share === undefined ? undefined : primarySlice?.throttled(),
    idle: availableParallelism() - (machineSeconds() - before.machine) / seconds,
  };
}

function mediansOf(samples: readonly Sample[]): Sample {
  const of = (name: 'rate' | 'cpu' | 'primaryCpu' | 'idle'): number =>
    median(samples.map((one) => one[name]));
  const shareOf = (name: 'throttled' | 'primaryThrottled'): number | undefined =>
    samples.every((one) => one[name] === undefined)
      ? undefined
      : median(samples.map((one) => one[name] ?? 0));
  return {
    rate: of('rate'),
    cpu: of('cpu'),
    primaryCpu: of('primaryCpu'),
    throttled: shareOf('throttled'),
    primaryThrottled: shareOf('primaryThrottled'),
    idle: of('idle'),
  };
}
