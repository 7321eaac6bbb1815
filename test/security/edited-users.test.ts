import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PageClient } from '../support/page-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { TEST_PASSWORD, basic, startTestGate, type TestGate } from '../support/test-gate.ts';

let folder: Folder;
let backend: RecordingBackend;
let gate: TestGate;
let bob: PageClient;
/** What bob has from before the file was edited. */
let had: { readonly device: string; readonly access: string; readonly machine: string };
/** The entries of alice and of bob. */
let alice = '';
let before = '';

const entry = async (name: string): Promise<string> => `${name}:${await bcrypt.hash(TEST_PASSWORD, 4)}\n`;
const write = (...entries: readonly string[]): Promise<void> =>
  writeFile(join(folder.path, 'htpasswd'), entries.join(''));
const reload = (): Promise<void> => gate.gate.reload();

beforeEach(async () => {
  folder = await temporaryFolder('edited');
  alice = await entry('alice');
  before = await entry('bob');
  await write(alice, before);
  backend = await startRecordingBackend();
  // Users are read again when a test says so: what happens in between is one change to the gate.
  const config = {
    pages: 'on' as const,
    state: folder.path,
    users: join(folder.path, 'htpasswd'),
    reloadMs: 3_600_000,
  };
  gate = await startTestGate({ backend: backend.url, config });
  bob = new PageClient(gate);
  await bob.signIn('bob', TEST_PASSWORD);
  const csrf = await bob.formToken('/account');
  const wish = { purpose: 'ci', repositories: 'team/**', allow: 'pull', days: '30' };
  const { body } = await bob.post('/account/make-token', { csrf, ...wish });
  const asked = await new PageClient(gate).get(
    '/token?service=registry-gate&offline_token=true&client_id=x',
    { authorization: basic('bob', TEST_PASSWORD) },
  );
  const { token, refresh_token: device } = JSON.parse(asked.body);
  had = { device, access: token, machine: /rgm_[0-9A-Za-z]{49}/.exec(body)?.[0] ?? '' };
});

afterEach(async () => {
  await gate.close();
  await backend.close();
  await folder.close();
});

/** Which of what bob had works now. */
async function works(): Promise<readonly string[]> {
  const client = new PageClient(gate);
  const grant = { grant_type: 'refresh_token', service: 'registry-gate', client_id: 'x' };
  const api = (authorization: string): Promise<number> =>
    client.get('/v2/', { authorization }).then(({ status }) => status);
  const statuses: Readonly<Record<string, number>> = {
    browser: (await bob.get('/account')).status,
    device: (await client.post('/token', { ...grant, refresh_token: had.device })).status,
    access: await api(`Bearer ${had.access}`),
    machine: await api(basic('bob-ci', had.machine)),
    password: await api(basic('bob', TEST_PASSWORD)),
  };
  return Object.keys(statuses).filter((name) => statuses[name] === 200);
}

const ALL = ['browser', 'device', 'access', 'machine', 'password'];

describe('what a user had, when somebody edits the htpasswd file of a running gate', () => {
  it('works before that', async () => {
    expect(await works()).toEqual(ALL);
  });

  it.each<readonly [string, () => Promise<unknown>, readonly string[]]>([
    [
      'gets another hash, or is removed and added in one look',
      async () => write(alice, await entry('bob')),
      ['machine', 'password'],
    ],
    ['is removed', () => write(alice), []],
    [
      'is removed, and added with another hash',
      async () => {
        await write(alice);
        await reload();
        await write(alice, await entry('bob'));
      },
      ['password'],
    ],
    [
      'is removed, and the same line is put back',
      async () => {
        await write(alice);
        await reload();
        await write(alice, before);
      },
      ['browser', 'device', 'access', 'password'],
    ],
    [
      'moves to another line, and gets a remark',
      () => write(before.replace('\n', ':left in May\n'), alice),
      ALL,
    ],
  ])('where the user %s', async (_name, edit, expected) => {
    await edit();
    await reload();
    // What users who are gone made is removed after the answer to the reload.
    await expect.poll(works).toEqual(expected);
  });
});
