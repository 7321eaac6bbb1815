import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { machine } from './report.ts';
import { casesOf, runCases, withoutMissing } from './run-cases.ts';
import { measureGuessing, measureMemory, measureStart } from './single-figures.ts';
import { judgeRatios, printTargets, RATIOS, type Judged } from './target-table.ts';

const GROUPS = [
  ...new Set(RATIOS.map(({ group }) => group)),
  'memory-pull',
  'memory-push',
  'start',
  'guessing',
];

const USAGE = `npm run bench -- targets [GROUP...] [--rounds N] [--json FILE]

Measures what the gate has promised, and says of each target whether it is met; ends with 1 where one is not.

Groups (without any: all of them, some ten minutes): ${GROUPS.join(' ')}`;

async function measureRatios(groups: readonly string[], rounds: number): Promise<readonly Judged[]> {
  const wanted = RATIOS.filter(({ group }) => groups.includes(group));
  if (wanted.length === 0) return [];
  const cases = casesOf([...new Set(wanted.flatMap((target) => target.cases))]);
  if (typeof cases === 'string') throw new Error(cases);
  const isHeldAgainst = (name: string, side: string): boolean =>
    wanted.some(({ cases: names, against }) => against === side && names.includes(name));
  const needed = cases.map((one) => ({
    ...one,
    sides: one.sides.filter((side, at) => at === 0 || isHeldAgainst(one.name, side)),
  }));
  const { rows } = await runCases(withoutMissing({ cases: needed, rounds, only: undefined }));
  return judgeRatios(wanted, rows);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const rounds = Number(values.rounds);
  const isUsedWrongly =
    positionals.some((name) => !GROUPS.includes(name)) || !Number.isInteger(rounds) || rounds < 1;
  if (values.help === true || isUsedWrongly) {
    console.log(USAGE);
    return isUsedWrongly ? 2 : 0;
  }
  const groups = positionals.length === 0 ? GROUPS : positionals;
  const began = machine();
  console.log(`${JSON.stringify(began)}\n`);
  const judged = [
    ...(await measureRatios(groups, rounds)),
    ...(groups.includes('memory-pull') ? await measureMemory('pull') : []),
    ...(groups.includes('memory-push') ? await measureMemory('push') : []),
    ...(groups.includes('start') ? await measureStart(rounds) : []),
    ...(groups.includes('guessing') ? await measureGuessing() : []),
  ];
  printTargets(judged);
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify({ began, rounds, targets: judged }, undefined, 2)}\n`);
  return judged.every(({ isMet }) => isMet) ? 0 : 1;
}

process.exitCode = await main();
