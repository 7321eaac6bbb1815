import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { isInstalled } from '../test/support/requires.ts';
import { BUDGET_CASES } from './budget-cases.ts';
import { BUDGET_FILE, countBudget, readBudget } from './count-budget.ts';
import { COUNTER_NEEDS } from './instructions.ts';
import { judgeBudget, MOST_SHARE, type Verdict } from './judge-budget.ts';

const USAGE = `npm run budget -- [CASE...] [--record]

Counts the instructions that the gate executes for a fixed piece of work, and ends with 1 where one is above
${MOST_SHARE} of what bench/budget.json holds. --record writes the counts there.

Cases: ${BUDGET_CASES.map(({ name }) => name).join(' ')}`;

function print({ name, counted, recorded, share, isKept }: Verdict): void {
  const title = BUDGET_CASES.find((one) => one.name === name)?.title ?? name;
  const told =
    recorded === undefined ? 'not recorded' : `${share?.toFixed(3)} of ${recorded.toLocaleString('en')}`;
  console.log(
    `${isKept ? 'kept    ' : 'EXCEEDED'}  ${title}: ${counted.toLocaleString('en')} instructions, ${told}`,
  );
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { record: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const strange = positionals.some((name) => !BUDGET_CASES.some((one) => one.name === name));
  if (values.help === true || strange) {
    console.log(USAGE);
    return strange ? 2 : 0;
  }
  const missing = [...COUNTER_NEEDS, 'curl'].filter((program) => !isInstalled(program));
  if (missing.length > 0) {
    console.error(`Not installed: ${missing.join(', ')}. On Debian: apt-get install valgrind curl`);
    return 1;
  }
  const wanted = BUDGET_CASES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const budget = await readBudget();
  const counts = await countBudget(wanted);
  if (budget.node !== process.version && values.record !== true)
    console.log(`Recorded with Node.js ${budget.node}; this is ${process.version}.`);
  const verdicts = judgeBudget(budget, counts);
  for (const verdict of verdicts) print(verdict);
  if (values.record !== true) return verdicts.every(({ isKept }) => isKept) ? 0 : 1;
  const instructions = { ...budget.instructions, ...Object.fromEntries(counts) };
  await writeFile(BUDGET_FILE, `${JSON.stringify({ node: process.version, instructions }, undefined, 2)}\n`);
  console.log('Recorded in bench/budget.json.');
  return 0;
}

process.exitCode = await main();
