import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../test/support/programs.ts';
import { startFixedBackend } from './budget-backend.ts';
import { BUDGET_CASES, type BudgetCase } from './budget-cases.ts';
import type { Client } from './cases.ts';
import { freePort } from './daemon.ts';
import { authorityOf, BUILT, makeFixture } from './fixture.ts';
import { startCounted } from './instructions.ts';
import type { Budget } from './judge-budget.ts';

const ROUNDS = 5;
/** Looking whether files have changed is work by the clock: it is done as seldom as can be. */
const SELDOM = { reloadMs: 60_000 };

/** What `npm run budget -- --record` has written. */
export const BUDGET_FILE = join(import.meta.dirname, 'budget.json');

export async function readBudget(): Promise<Budget> {
  return JSON.parse(await readFile(BUDGET_FILE, 'utf8')) as Budget;
}

/** Instructions of one unit of each case, in a gate with all of the pipeline on: the least of five counts, since what the clock adds only adds. */
export async function countBudget(
  cases: readonly BudgetCase[] = BUDGET_CASES,
): Promise<ReadonlyMap<string, number>> {
  const folder = await temporaryFolder('budget');
  const closing: (() => Promise<void>)[] = [() => folder.close()];
  try {
    const fixture = await makeFixture(folder.path);
    const client: Client = { fixture, ca: await authorityOf(fixture) };
    const backend = await startFixedBackend(fixture);
    closing.push(() => backend.close());
    const port = await freePort();
    const place = join(folder.path, 'counted');
    await mkdir(place);
    const configuration = join(folder.path, 'registry-gate.yml');
    // JSON is YAML.
    await writeFile(configuration, JSON.stringify(SELDOM));
    const args = [
      resolve(process.env['GATE_MAIN'] ?? BUILT),
      'serve',
      `--config=${configuration}`,
      `--listen=127.0.0.1:${port}`,
      `--certs=${fixture.certs}`,
      `--users=${fixture.users('apr1')}`,
      `--backend=http://${backend.address}`,
    ];
    const gate = await startCounted({ args, port, folder: place });
    closing.push(() => gate.close());
    for (const one of cases) await one.work(client, port, one.warmUp);
    const counts = new Map<string, number>();
    for (const { name, units, work } of cases) {
      const rounds: number[] = [];
      // The first one after a change of work does what the following ones find done.
      await gate.count(() => work(client, port, units));
      while (rounds.length < ROUNDS) rounds.push(await gate.count(() => work(client, port, units)));
      counts.set(name, Math.round(Math.min(...rounds) / units));
    }
    return counts;
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}
