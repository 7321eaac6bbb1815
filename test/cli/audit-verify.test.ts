import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { recordingTerminal } from '../support/terminal.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('audit verify says one thing of a log without chain', async () => {
  const file = join(folder, 'audit.log');
  await writeFile(file, '{"event":"pull"}\n{"event":"push"}\n');
  const terminal = recordingTerminal();
  expect(await run(['audit', 'verify', file], terminal)).toBe(1);
  expect(terminal.stdout()).toBe(
    "None of 2 lines has a hash: the log was not written with --audit-chain, and can't be verified.\n",
  );
});

it.each(['show', 'verify'])('A6: audit %s without a log names itself in the cure', async (command) => {
  const terminal = recordingTerminal();
  expect(await run(['audit', command], terminal)).toBe(2);
  expect(terminal.stderr()).toContain(`Name the file: registry-gate audit ${command} --audit FILE`);
});
