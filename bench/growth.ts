import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GROWTH_PLOTS, panelOf } from './growth-plots.ts';
import { plotOf } from './plot.ts';
import { machine, type Row } from './report.ts';
import { casesOf, runCases, withoutMissing } from './run-cases.ts';

const NAMES = GROWTH_PLOTS.map(({ name }) => name);

const USAGE = `npm run bench -- growth [PLOT...] [--rounds N] [--json FILE] [--svg FILE] [--only NAME,NAME...]

Measures how processor time grows, for the gate, nginx and Caddy. --json adds to what FILE holds of other plots, so that
each plot can be measured by itself; --svg draws all that is in it.

Plots (without any: all of them): ${NAMES.join(' ')}, or "none" to draw what FILE holds`;

interface Report {
  readonly began: ReturnType<typeof machine>;
  readonly rounds: number;
  readonly rows: readonly Row[];
}

function readReport(file: string | undefined): readonly Row[] {
  if (file === undefined) return [];
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Report).rows;
  } catch {
    return [];
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
      svg: { type: 'string' },
      only: { type: 'string', default: 'gate,nginx,caddy' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const rounds = Number(values.rounds);
  const isUsedWrongly =
    positionals.some((name) => name !== 'none' && !NAMES.includes(name)) ||
    !Number.isInteger(rounds) ||
    rounds < 1;
  if (values.help === true || isUsedWrongly) {
    console.log(USAGE);
    return isUsedWrongly ? 2 : 0;
  }
  const wanted = GROWTH_PLOTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const names = [...new Set(wanted.flatMap(({ points }) => points.map((point) => point.case)))];
  const cases = casesOf(names);
  if (typeof cases === 'string') throw new Error(cases);
  const began = machine();
  const only = [...values.only.split(','), 'gate-rules-10', 'gate-rules-100', 'gate-rules-1000'];
  const { rows } =
    cases.length === 0 ? { rows: [] } : await runCases(withoutMissing({ cases, rounds, only }));
  const all = [...readReport(values.json).filter((row) => !names.includes(row.case)), ...rows];
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify({ began, rounds, rows: all }, undefined, 2)}\n`);
  if (values.svg !== undefined) {
    await mkdir(join(values.svg, '..'), { recursive: true });
    await writeFile(values.svg, plotOf(GROWTH_PLOTS.map((plot) => panelOf(plot, all))));
  }
  return 0;
}

process.exitCode = await main();
