import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { makeSlices } from './processor-slice.ts';
import { machine, printTable } from './report.ts';
import { withClient } from './run-cases.ts';
import { WORKER_WORK, measureWorkers, type WorkerRow } from './worker-scaling.ts';

const MOST_WORKERS = 16;

const USAGE = `npm run bench -- workers [WORK...] [--workers 1,2,3,4] [--slice PERCENT] [--rounds N] [--json FILE]

What more workers bring. Client and registry need processors too, so that few are left to show it with. Therefore each worker, and the
process that hands connections to them, gets the same slice of one processor (15 percent if nothing else is said), which the kernel
enforces: what as many more slices bring is what as many more processors would, as far as it is the software that decides.
After that, 1 and 2 workers are measured without slices.

Work (without any: all): ${WORKER_WORK.map(({ name, title }) => `${name} (${title})`).join(', ')}`;

interface Wishes {
  readonly work: readonly string[];
  readonly counts: readonly number[];
  readonly share: number;
  readonly rounds: number;
  readonly json: string | undefined;
}

function readWishes(): Wishes | string {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      workers: { type: 'string', default: '1,2,3,4' },
      slice: { type: 'string', default: '15' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return USAGE;
  const names = WORKER_WORK.map(({ name }) => name);
  const strange = positionals.find((name) => !names.includes(name));
  if (strange !== undefined) return `There is no work ${strange}.\n\n${USAGE}`;
  const counts = values.workers.split(',').map(Number);
  if (!counts.every((count) => isWhole(count, MOST_WORKERS)))
    return `--workers wants numbers from 1 to ${MOST_WORKERS}.`;
  const [slice, rounds] = [Number(values.slice), Number(values.rounds)];
  if (!isWhole(slice, 100)) return '--slice wants a number from 1 to 100.';
  if (!isWhole(rounds, Infinity)) return '--rounds wants a number from 1.';
  const work = positionals.length === 0 ? names : positionals;
  return { work, counts, share: slice / 100, rounds, json: values.json };
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

const HEAD = [
  'workers',
  'each has',
  'rate',
  'of one',
  'CPU',
  'first process',
  'throttled',
  'first',
  'idle processors',
];

function tableOf(rows: readonly WorkerRow[]): string {
  const lines = rows.map((row) => [
    String(row.workers),
    row.share === undefined ? 'what it can get' : `${Math.round(row.share * 100)} %`,
    row.unit === 'GB' ? `${row.rate.toFixed(2)} GB/s` : `${Math.round(row.rate)}/s`,
    row.ofOne === undefined ? '' : row.ofOne.toFixed(2),
    cpuText(row, row.cpu),
    row.workers === 1 ? '' : cpuText(row, row.primaryCpu),
    percent(row.throttled),
    percent(row.primaryThrottled),
    row.idle.toFixed(2),
  ]);
  return `${rows[0]?.name}: ${rows[0]?.title}\n\n${printTable(HEAD, lines)}\n`;
}

function cpuText({ unit }: WorkerRow, seconds: number): string {
  return unit === 'GB' ? `${seconds.toFixed(2)} s/GB` : `${Math.round(seconds * 1e6)} µs`;
}

function percent(share: number | undefined): string {
  return share === undefined ? '' : `${Math.round(share * 100)} %`;
}

async function main(): Promise<number> {
  const wishes = readWishes();
  if (typeof wishes === 'string') {
    console.log(wishes);
    return wishes === USAGE ? 0 : 2;
  }
  const began = machine();
  console.log(`${JSON.stringify(began)}\n`);
  const { work, counts, share, rounds, json } = wishes;
  const slices = makeSlices(share);
  if (typeof slices === 'string')
    console.error(`Without slices of a processor, and so without any word on how it scales: ${slices}.\n`);
  const given = typeof slices === 'string' ? undefined : { slices, share };
  const rows: WorkerRow[] = [];
  await withClient(async (client) => {
    for (const one of WORKER_WORK.filter(({ name }) => work.includes(name))) {
      const wanted = { work: one, counts, rounds, ...(given === undefined ? {} : { given }) };
      const measured = await measureWorkers(client, wanted);
      rows.push(...measured);
      console.log(tableOf(measured));
    }
  });
  given?.slices.close();
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ began, rounds, rows }, undefined, 2)}\n`);
  return 0;
}

process.exitCode = await main();
