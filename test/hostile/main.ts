import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figures } from '../support/hostile.ts';
import { isInstalled } from '../support/requires.ts';
import { PARTS, type Part } from './parts.ts';
import { renderPage, type Outcome } from './render-page.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const USAGE = `npm run test:hostile -- [PART...] [--small] [--json FILE] [--page FILE]

All attacks at full size, or these parts. Figures are printed; --json and --page write them to files as well. What the
JSON file has of parts that are not run now stays.
--small: as small as in every test run.

${PARTS.map(({ name, about }) => `  ${name.padEnd(11)} ${about}`).join('\n')}
`;

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Runs one part to its end, its words on the terminal; resolves to what came of it. */
async function attack(part: Part, folder: string, isSmall: boolean): Promise<Outcome> {
  const missing = part.programs.filter((program) => !isInstalled(program));
  if (missing.length > 0) console.log(`${part.name}: ${missing.join(', ')} not installed, left out`);
  const report = join(folder, `${part.name}.json`);
  const figures = join(folder, `${part.name}.jsonl`);
  const only = part.only === undefined ? [] : ['--testNamePattern', part.only];
  const output = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...part.files, ...only, ...output],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, HOSTILE: isSmall ? 'small' : 'full', HOSTILE_FIGURES: figures },
    },
  );
  const began = performance.now();
  const timer = setTimeout(() => {
    console.error(`${part.name}: not done in ${part.minutes} minutes`);
    child.kill('SIGKILL');
  }, part.minutes * 60_000);
  const status = await new Promise<number | null>((done) => child.once('close', done));
  clearTimeout(timer);
  const counted = countTests(report);
  // Where all that was asked for is missing, nothing ran and nothing failed.
  const hasFailed = status !== 0 && counted.failed === 0;
  return {
    name: part.name,
    about: part.about,
    date: new Date().toISOString().slice(0, 10),
    size: isSmall ? 'small' : 'full',
    node: process.version,
    missing,
    seconds: Math.round((performance.now() - began) / 1000),
    ...counted,
    failed: counted.failed + (hasFailed ? 1 : 0),
    figures: readFigures(figures),
  };
}

function countTests(file: string): { readonly passed: number; readonly failed: number } {
  const { testResults } = readJson<Report>(file) ?? { testResults: [] };
  const statuses = testResults.flatMap((it) => it.assertionResults.map(({ status }) => status));
  const broken = testResults.filter((it) => it.status === 'failed' && it.assertionResults.length === 0);
  return {
    passed: statuses.filter((status) => status === 'passed').length,
    failed: statuses.filter((status) => status === 'failed').length + broken.length,
  };
}

function readFigures(file: string): Outcome['figures'] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { readonly part: string; readonly figures: Figures });
  } catch {
    return []; // none were said
  }
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined; // it was ended before it could write
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      small: { type: 'boolean', default: false },
      json: { type: 'string' },
      page: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !PARTS.some((part) => part.name === name));
  if (values.help || unknown.length > 0) {
    console.error(unknown.length > 0 ? `There is no part ${unknown.join(', ')}.\n\n${USAGE}` : USAGE);
    return values.help ? 0 : 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'gate-hostile-'));
  try {
    const wanted = PARTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
    const parts: Outcome[] = [];
    for (const part of wanted) parts.push(await attack(part, folder, values.small));
    const before = values.json === undefined ? [] : (readJson<readonly Outcome[]>(values.json) ?? []);
    const known = PARTS.flatMap(({ name }) => [...parts, ...before].find((it) => it.name === name) ?? []);
    const page = renderPage(known);
    console.log(`\n${page}`);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(known, undefined, 2)}\n`);
    if (values.page !== undefined) writeFileSync(values.page, page);
    return parts.some(({ failed }) => failed > 0) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
