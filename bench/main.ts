import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CASE_HELP, DEFAULT_CASES } from './cases.ts';
import { CONTENDERS, NODE_FLAGS } from './contenders.ts';
import { machine } from './report.ts';
import { casesOf, runCases, withoutMissing, type Wishes } from './run-cases.ts';

interface Run extends Wishes {
  readonly json: string | undefined;
}

/** Benchmarks that run by themselves, and what they are for. */
const PARTS: readonly (readonly [string, string])[] = [
  ['targets', 'what the gate has promised, as target, figure, met or not'],
  ['growth', 'how cost grows with layers, clients, users and rules, as a plot'],
  ['workers', 'what more workers bring, with the same slice of a processor for each'],
  ['images', 'the commands for images beside crane and skopeo'],
  ['pages', 'what the inventory of the pages costs, for ten thousand repositories'],
  ['policy, tokens', 'what a decision and what a token costs, each by itself'],
];

const USAGE = `npm run bench -- [CASE...] [--rounds N] [--only NAME,NAME...] [--json FILE]

Sets the gate beside nginx, Caddy and HAProxy, before the same backend, with the same certificate and users. What
counts is the processor time of each, children included; "gate takes" is the share of it that the first line takes.

Cases (without any: ${DEFAULT_CASES.join(' ')}):
${CASE_HELP.map(([name, text]) => `  ${name}\n      ${text}`).join('\n')}

Or one of these, with --help of its own:
${PARTS.map(([name, text]) => `  ${name}\n      ${text}`).join('\n')}

Contenders: ${CONTENDERS.map(({ name }) => name).join(' ')}

GATE_MAIN names another build of the gate (src/main.ts: the sources), GATE_NODE_FLAGS flags for its Node.js in place of those
that image and systemd unit give it (${NODE_FLAGS}).
GATE_B_MAIN and GATE_B_NODE_FLAGS set a second gate beside it, gate-b.
TMPDIR says where the blobs lie: a folder in memory leaves the disk out of it.`;

function readWishes(): Run | string {
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
  const cases = casesOf(positionals.length === 0 ? DEFAULT_CASES : positionals);
  if (typeof cases === 'string') return `${cases}\n\n${USAGE}`;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds wants a number from 1.';
  const only = values.only?.split(',');
  const strange = only?.find((name) => !CONTENDERS.some((contender) => contender.name === name));
  if (strange !== undefined) return `There is no contender ${strange}.\n\n${USAGE}`;
  return { cases, rounds, json: values.json, only };
}

async function measureAll({ json, ...wishes }: Run): Promise<void> {
  const began = machine();
  console.log(`${JSON.stringify(began)}\n`);
  const { rows, starts } = await runCases(withoutMissing(wishes));
  for (const [name, ms] of starts) console.log(`${name} listens after ${Math.round(ms)} ms`);
  const report = { began, rounds: wishes.rounds, startMs: Object.fromEntries(starts), rows };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
}

const [part = ''] = process.argv.slice(2);
if (PARTS.some(([names]) => names.split(', ').includes(part))) {
  const args = [join(import.meta.dirname, `${part}.ts`), ...process.argv.slice(3)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} else {
  const wishes = readWishes();
  if (typeof wishes === 'string') {
    console.log(wishes);
    process.exitCode = wishes === USAGE ? 0 : 2;
  } else await measureAll(wishes);
}
