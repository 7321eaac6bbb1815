import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { PageClient } from '../support/page-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { temporaryFolder } from '../support/programs.ts';
import { recordingTerminal } from '../support/terminal.ts';
import { TEST_PASSWORD, basic, startTestGate, type TestGate } from '../support/test-gate.ts';

const WISH = { purpose: 'ci', repositories: 'team/**', allow: 'pull', days: '30' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let users = '';
let backend: RecordingBackend;
let gate: TestGate;
let secret = '';

beforeEach(async () => {
  folder = await temporaryFolder('reused');
  users = join(folder.path, 'htpasswd');
  await add('bob');
  backend = await startRecordingBackend();
  gate = await start();
  const bob = new PageClient(gate);
  await bob.signIn('bob', TEST_PASSWORD);
  const csrf = await bob.formToken('/account');
  const { body } = await bob.post('/account/make-token', { csrf, ...WISH });
  secret = /rgm_[0-9A-Za-z]{49}/.exec(body)?.[0] ?? '';
  if (secret === '') throw new Error('no token was made');
});

afterEach(async () => {
  await gate.close();
  await backend.close();
  await folder.close();
});

const add = async (name: string): Promise<void> =>
  writeFile(
    users,
    `alice:${await bcrypt.hash(TEST_PASSWORD, 4)}\n${name}:${await bcrypt.hash(TEST_PASSWORD, 4)}\n`,
  );
const start = (): Promise<TestGate> =>
  startTestGate({
    backend: backend.url,
    secretsInLog: true,
    // Users are read again when a test says so: what happens in between is one change to the gate.
    config: { pages: 'on', state: folder.path, users, reloadMs: 3_600_000 },
  });
const tokens = (): Promise<string> => readFile(join(folder.path, 'tokens.json'), 'utf8');
const pull = async (): Promise<number> => {
  const authorization = basic('bob-ci', secret);
  return (await new PageClient(gate).get('/v2/team/app/manifests/1', { authorization })).status;
};
const restart = async (meanwhile: () => Promise<unknown>): Promise<void> => {
  await gate.close();
  await meanwhile();
  gate = await start();
};

describe('a token that a user made, and another user of the same name', () => {
  it('works over a restart while the user stays', async () => {
    expect(await pull()).not.toBe(401);
    await restart(async () => undefined);
    expect(await pull()).not.toBe(401);
  });

  it('works after a new password that a running gate has seen, also over a restart', async () => {
    const before = await tokens();
    await add('bob');
    await gate.gate.reload();
    await expect.poll(tokens).not.toBe(before);
    expect(await pull()).not.toBe(401);
    await restart(async () => undefined);
    expect(await pull()).not.toBe(401);
  });

  it('is gone where no gate was running when the name changed hands', async () => {
    await restart(() => add('bob'));
    expect(await pull()).toBe(401);
    expect(gate.log.some((line) => line.includes('while no gate was running'))).toBe(true);
  });

  it('is gone where a running gate saw both changes as one', async () => {
    const terminal = recordingTerminal();
    expect(await run(['users', 'remove', 'bob', '--users', users, '--state', folder.path], terminal)).toBe(0);
    await add('bob');
    await gate.gate.reload();
    expect(await pull()).toBe(401);
  });
});
