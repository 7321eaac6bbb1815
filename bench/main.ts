import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { temporaryFolder } from '../test/support/programs.ts';
import { isInstalled } from '../test/support/requires.ts';
import { CASE_HELP, DEFAULT_CASES, parseCase } from './cases.ts';
import type { Case, Client } from './cases.ts';
import { CONTENDERS, startBackend, startSide } from './contenders.ts';
import type { Backend, Side } from './contenders.ts';
import { authorityOf, makeFixture } from './fixture.ts';
import { measureCase } from './measure.ts';
import { machine, rowsOf, tableOf } from './report.ts';
import type { Row } from './report.ts';
import { checkSameAnswers } from './same-answers.ts';

interface Wishes {
  readonly cases: readonly Case[];
  readonly rounds: number;
  readonly json: string | undefined;
  /** Names of contenders, where not all are wanted. */
  readonly only: readonly string[] | undefined;
}

interface Run {
  readonly wishes: Wishes;
  readonly client: Client;
  readonly rows: Row[];
  readonly starts: Map<string, number>;
}

/** Benchmarks of single parts, which run by themselves. */
const PARTS = ['policy', 'tokens'];

const USAGE = `npm run bench -- [CASE...] [--rounds N] [--only NAME,NAME...] [--json FILE]

Sets the gate beside nginx, Caddy and HAProxy, before the same backend, with the same certificate and users. What
counts is the processor time of each, children included; "gate takes" is the share of it that the first line takes.

Cases (without any: ${DEFAULT_CASES.join(' ')}):
${CASE_HELP.map(([name, text]) => `  ${name}\n      ${text}`).join('\n')}
  ${PARTS.join(', ')}
      what a decision and what a token costs, each by itself

Contenders: ${CONTENDERS.map(({ name }) => name).join(' ')}

GATE_MAIN names another build of the gate, GATE_NODE_FLAGS flags for its Node.js (--cpu-prof --cpu-prof-dir=DIR).
GATE_B_MAIN and GATE_B_NODE_FLAGS set a second gate beside it, gate-b.
TMPDIR says where the blobs lie: a folder in memory leaves the disk out of it.`;

function readWishes(): Wishes | string {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return USAGE;
  const names = positionals.length === 0 ? DEFAULT_CASES : positionals;
  const cases: Case[] = [];
  for (const name of names) {
    const found = parseCase(name);
    if (found === undefined) return `There is no case ${name}.\n\n${USAGE}`;
    cases.push(found);
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds wants a number from 1.';
  const only = values.only?.split(',');
  const strange = only?.find((name) => !CONTENDERS.some((contender) => contender.name === name));
  if (strange !== undefined) return `There is no contender ${strange}.\n\n${USAGE}`;
  return { cases, rounds, json: values.json, only };
}

/** Says what is not installed; the cases and contenders that need it are left out. */
function withoutMissing({ cases, ...rest }: Wishes): Wishes {
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

/** Cases that need the same contenders in the same place are measured one after the other, without a new start. */
async function measureGroup(cases: readonly Case[], run: Run): Promise<void> {
  const [{ setup } = { setup: undefined }] = cases;
  if (setup === undefined) return;
  const { only } = run.wishes;
  const { fixture } = run.client;
  const hasB = process.env['GATE_B_MAIN'] !== undefined || process.env['GATE_B_NODE_FLAGS'] !== undefined;
  const names = [...new Set(cases.flatMap(({ sides }) => sides))].filter(
    (name) => (only === undefined || only.includes(name)) && (hasB || !name.endsWith('-b')),
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

async function measureAll(wishes: Wishes): Promise<void> {
  const began = machine();
  console.log(`${JSON.stringify(began)}\n`);
  const folder = await temporaryFolder('bench');
  process.once('exit', () => rmSync(folder.path, { recursive: true, force: true }));
  try {
    const fixture = await makeFixture(folder.path);
    await fixture.blob(1);
    const run: Run = {
      wishes,
      client: { fixture, ca: await authorityOf(fixture) },
      rows: [],
      starts: new Map(),
    };
    const groups = Map.groupBy(wishes.cases, ({ setup }) => JSON.stringify(setup));
    for (const cases of groups.values()) await measureGroup(cases, run);
    for (const [name, ms] of run.starts) console.log(`${name} listens after ${Math.round(ms)} ms`);
    const { rows, starts } = run;
    const report = { began, rounds: wishes.rounds, startMs: Object.fromEntries(starts), rows };
    if (wishes.json !== undefined) await writeFile(wishes.json, `${JSON.stringify(report, undefined, 2)}\n`);
  } finally {
    await folder.close();
  }
}

const [part = ''] = process.argv.slice(2);
if (PARTS.includes(part)) {
  const args = [join(import.meta.dirname, `${part}.ts`), ...process.argv.slice(3)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} else {
  const wishes = readWishes();
  if (typeof wishes === 'string') {
    console.log(wishes);
    process.exitCode = wishes === USAGE ? 0 : 2;
  } else await measureAll(withoutMissing(wishes));
}
