import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHash, verifyHash } from '../../src/auth/passwords/password-hash.ts';
import { entriesOf, withUser } from '../../src/auth/users/htpasswd-file.ts';
import { changeUsersFile, readUsersFile } from '../../src/auth/users/users-file.ts';
import { PageClient } from '../support/page-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { TEST_PASSWORD, basic, startTestGate, type TestGate } from '../support/test-gate.ts';
import { writeUsers } from './rights-fixture.ts';

const OWNERS_CHOICE = 'what the owner chose: 5';

let folder = '';
let users = '';
let backend: RecordingBackend;
let gate: TestGate;

/** The gate reads the users again when it is told to, and not before: the test stands in the moment between. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gate-stolen-'));
  users = join(folder, 'htpasswd');
  await writeUsers(folder, ['alice']);
  backend = await startRecordingBackend();
  const config = { pages: 'on' as const, state: folder, users, reloadMs: 3_600_000 };
  gate = await startTestGate({ backend: backend.url, config });
});

afterEach(async () => {
  await gate.close();
  await backend.close();
  await rm(folder, { recursive: true });
});

async function ownerResets(): Promise<void> {
  const hash = await createHash(OWNERS_CHOICE);
  await changeUsersFile(users, (document) => withUser(document, 'alice', hash));
}

async function storedHash(): Promise<string> {
  return entriesOf((await readUsersFile(users)).document)[0]?.hash.text ?? '';
}

describe('a stolen password does not outlive the reset by an owner', () => {
  it('by changing the password in the moment before the gate reads the new one', async () => {
    const thief = new PageClient(gate);
    await thief.signIn('alice', TEST_PASSWORD);
    const csrf = await thief.formToken('/account');
    await ownerResets();
    const { status } = await thief.post('/account/password', {
      csrf,
      old: TEST_PASSWORD,
      next: 'what the thief chose',
      repeat: 'what the thief chose',
    });
    expect([status, verifyHash(await storedHash(), OWNERS_CHOICE)]).toEqual([403, true]);
  });

  it('by a session that began in that moment', async () => {
    const thief = new PageClient(gate);
    await ownerResets();
    await thief.signIn('alice', TEST_PASSWORD);
    await gate.gate.reload();
    expect((await thief.get('/account')).location).toMatch(/^\/sign-in/);
  });

  it('by tokens that were given out in that moment', async () => {
    const thief = new PageClient(gate);
    await ownerResets();
    const header = { authorization: basic('alice', TEST_PASSWORD) };
    const asked = await thief.get('/token?service=registry-gate&offline_token=true&client_id=x', header);
    const { token, refresh_token: identity } = JSON.parse(asked.body);
    await gate.gate.reload();
    const grant = { grant_type: 'refresh_token', service: 'registry-gate', client_id: 'x' };
    const [api, again] = [
      await thief.get('/v2/', { authorization: `Bearer ${token}` }),
      await thief.post('/token', { ...grant, refresh_token: identity }),
    ];
    expect([typeof identity, api.status, again.status]).toEqual(['string', 401, 401]);
  });
});
