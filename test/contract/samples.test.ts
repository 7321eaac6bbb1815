import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { recordingTerminal } from '../support/terminal.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const before = process.cwd();
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gate-samples-'));
  process.chdir(directory);
});
afterAll(async () => {
  process.chdir(before);
  await rm(directory, { recursive: true, force: true });
});

/** What differs from one run to the next, or is cut short on the page. */
function masked(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d/g, 'DATE')
    .replaceAll(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g, 'FINGERPRINT')
    .replaceAll(/--fingerprint [0-9a-f]{8,64}(?:\.\.\.)?/g, '--fingerprint HEX');
}

/** The first block of commands on a page, with what each prints. */
function samplesOf(page: string): { readonly command: string; readonly printed: string }[] {
  const [, block = ''] = /```console\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, page), 'utf8')) ?? [];
  return block
    .split(/^\$ /m)
    .map((part) => /^gate (.*)\n([\s\S]*)$/.exec(part))
    .flatMap((match) => (match === null ? [] : [{ command: match[1] ?? '', printed: match[2] ?? '' }]));
}

/** `serve` goes on, and writes a log. */
const isOver = ({ command }: { readonly command: string }): boolean => !command.startsWith('serve');

describe.each(['README.md', 'README.ko.md'])('the sample at the head of %s', (page) => {
  const samples = samplesOf(page).filter(isOver);

  it('has commands', () =>
    expect(samples.map(({ command }) => command.split(' ')[0])).toEqual(['certs', 'users']));

  it.each(samples)('shows what "gate $command" prints', async ({ command, printed }) => {
    await rm(join(directory, 'certs', command.startsWith('users') ? 'htpasswd' : '.'), {
      recursive: true,
      force: true,
    });
    const env = { npm_lifecycle_event: 'gate' };
    const answers = ['correct horse', 'correct horse'];
    const terminal = recordingTerminal({ env, isTTY: true, answers });
    expect(await run(command.split(' '), terminal)).toBe(0);
    const questions = terminal.questions.map((question) => `${question.trimEnd()}\n`).join('');
    expect(masked(questions + terminal.stderr())).toBe(masked(printed));
  });
});
