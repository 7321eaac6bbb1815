import { temporaryFolder } from '../test/support/programs.ts';
import { isInstalled } from '../test/support/requires.ts';
import { rmSync } from 'node:fs';
import { parseCase, type Case, type Client } from './cases.ts';
import { CONTENDERS, startBackend, startSide, type Backend, type Side } from './contenders.ts';
import { authorityOf, makeFixture } from './fixture.ts';
import { measureCase } from './measure.ts';
import { rowsOf, tableOf, type Row } from './report.ts';
import { checkSameAnswers } from './same-answers.ts';

export interface Wishes {
  readonly cases: readonly Case[];
  readonly rounds: number;
  /** Names of contenders, where not all are wanted. */
  readonly only: readonly string[] | undefined;
}

export interface Measured {
  readonly rows: readonly Row[];
  /** Milliseconds from the start of a contender's process to its first connection, at least. */
  readonly starts: ReadonlyMap<string, number>;
}

interface Run {
  readonly wishes: Wishes;
  readonly client: Client;
  readonly rows: Row[];
  readonly starts: Map<string, number>;
}

/** Contenders that take part only where they are named. */
const ON_DEMAND: ReadonlySet<string> = new Set(['gate-workers']);

/** Cases by their names; a string says which there is not. */
export function casesOf(names: readonly string[]): readonly Case[] | string {
  const cases: Case[] = [];
  for (const name of names) {
    const found = parseCase(name);
    if (found === undefined) return `There is no case ${name}.`;
    cases.push(found);
  }
  return cases;
}

/** Says what is not installed; the cases and contenders that need it are left out. */
export function withoutMissing({ cases, ...rest }: Wishes): Wishes {
  const needs = [...cases.flatMap((one) => one.needs), ...CONTENDERS.flatMap((one) => one.needs)];
  const missing = [...new Set(['nginx', ...needs])].filter((program) => !isInstalled(program));
  const has = ({ needs: programs }: { readonly needs: readonly string[] }): boolean =>
    !programs.some((program) => missing.includes(program));
  if (missing.length > 0) {
    console.error(`Not installed, and left out: ${missing.join(', ')}. On Debian:`);
    console.error(`  apt-get install ${missing.join(' ')}\n`);
  }
  const usable = new Set(CONTENDERS.filter(has).map(({ name }) => name));
  return {
    ...rest,
    cases: cases
      .filter((one) => has(one) && (one.setup.backend !== 'static' || !missing.includes('nginx')))
      .map((one) => ({ ...one, sides: one.sides.filter((name) => usable.has(name)) })),
  };
}

/** Measures the cases, printing the table of each as it is done. */
export async function runCases(wishes: Wishes): Promise<Measured> {
  return withClient(async (client) => {
    await client.fixture.blob(1);
    const run: Run = { wishes, client, rows: [], starts: new Map() };
    const groups = Map.groupBy(wishes.cases, ({ setup }) => JSON.stringify(setup));
    for (const cases of groups.values()) await measureGroup(cases, run);
    return run;
  });
}

/** Lends a fixture in a folder of its own, which is gone afterwards, however this process ends. */
export async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder('bench');
  process.once('exit', () => rmSync(folder.path, { recursive: true, force: true }));
  try {
    const fixture = await makeFixture(folder.path);
    return await work({ fixture, ca: await authorityOf(fixture) });
  } finally {
    await folder.close();
  }
}

/** Cases that need the same contenders in the same place are measured one after the other, without a new start. */
async function measureGroup(cases: readonly Case[], run: Run): Promise<void> {
  const [{ setup } = { setup: undefined }] = cases;
  if (setup === undefined) return;
  const { only } = run.wishes;
  const { fixture } = run.client;
  const hasB = process.env['GATE_B_MAIN'] !== undefined || process.env['GATE_B_NODE_FLAGS'] !== undefined;
  const names = [...new Set(cases.flatMap(({ sides }) => sides))].filter(
    (name) => (only?.includes(name) ?? !ON_DEMAND.has(name)) && (hasB || !name.endsWith('-b')),
  );
  const closing: (() => Promise<void>)[] = [];
  const sides: Side[] = [];
  try {
    const backend: Backend | undefined =
      setup.backend === 'none' ? undefined : await startBackend(fixture, setup.backend);
    if (backend !== undefined) closing.push(backend.close);
    for (const name of names) {
      const side = await startSide(name, fixture, setup, backend);
      closing.push(side.close);
      sides.push(side);
      run.starts.set(name, Math.min(side.startMs, run.starts.get(name) ?? Infinity));
    }
    if (setup.backend === 'static') await checkSameAnswers(sides, run.client);
    for (const one of cases) await measureOne(one, sides, run);
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

async function measureOne(one: Case, started: readonly Side[], { wishes, client, rows }: Run): Promise<void> {
  const sides = one.sides.flatMap((name) => started.find((side) => side.name === name) ?? []);
  const bench = await one.prepare(client.fixture);
  const result = rowsOf(await measureCase(one, bench, { sides, rounds: wishes.rounds, client }));
  rows.push(...result);
  console.log(tableOf(result));
}
