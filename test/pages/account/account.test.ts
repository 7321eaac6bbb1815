import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { schema } from '../../../src/config/schema/schema.ts';
import { PageClient, type PageReply } from '../../support/page-client.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { startRecordingBackend, type RecordingBackend } from '../../support/recording-backend.ts';
import { TEST_PASSWORD, basic, startTestGate, type TestGate } from '../../support/test-gate.ts';
import { askGate } from '../../security/rights-fixture.ts';

const RULES = `rules:
  - { who: [alice, carol], repositories: 'team/**', allow: [pull, push] }
  - { who: authenticated, repositories: '\${user}/**', allow: [pull, push, delete] }
`;
const NEW_PASSWORD = 'Another-Pa55-of-mine';

let folder: Folder;
let backend: RecordingBackend;
let gate: TestGate;
let alice: PageClient;

const inFolder = (name: string): string => join(folder.path, name);
const users = async (...names: readonly string[]): Promise<void> => {
  const lines = names.map(async (name) => `${name}:${await bcrypt.hash(TEST_PASSWORD, 4)}\n`);
  await writeFile(inFolder('htpasswd'), (await Promise.all(lines)).join(''), { mode: 0o600 });
  await gate?.gate.reload();
};

beforeAll(async () => {
  folder = await temporaryFolder('account');
  await users('alice', 'bob', 'carol');
  await writeFile(inFolder('access.yml'), RULES);
  backend = await startRecordingBackend();
  gate = await startTestGate({
    backend: backend.url,
    secretsInLog: true,
    config: {
      pages: 'on',
      state: folder.path,
      users: inFolder('htpasswd'),
      access: inFolder('access.yml'),
      auth: { ...schema.parse({}).auth, challenge: 'bearer' },
    },
  });
});

afterAll(async () => {
  await gate.close();
  await backend.close();
  await folder.close();
});

async function signedIn(user: string, password = TEST_PASSWORD): Promise<PageClient> {
  const client = new PageClient(gate);
  const { status } = await client.signIn(user, password);
  expect(status).toBe(303);
  return client;
}

beforeEach(async () => {
  await users('alice', 'bob', 'carol');
  alice = await signedIn('alice');
});

const act = async (client: PageClient, word: string, form: Record<string, string> = {}): Promise<PageReply> =>
  client.post(`/account/${word}`, { csrf: await client.formToken('/account'), ...form });
const idsOf = async (client: PageClient, letter: string): Promise<string[]> =>
  [...(await client.get('/account')).body.matchAll(/name="id" value="([smd]-\w+)"/g)]
    .map(([, id = '']) => id)
    .filter((id) => id.startsWith(letter));
const isIn = async (client: PageClient): Promise<boolean> => (await client.get('/account')).status === 200;

async function login(user: string): Promise<string> {
  const target = 'GET /token?service=registry-gate&client_id=docker&offline_token=true';
  const { body } = await askGate(gate, target, basic(user, TEST_PASSWORD));
  return String(JSON.parse(body.toString()).refresh_token);
}

const refresh = async (secret: string): Promise<number> => {
  const body = `grant_type=refresh_token&refresh_token=${secret}`;
  const fields = ['Content-Type: application/x-www-form-urlencoded'];
  return (await askGate(gate, 'POST /token', undefined, { fields, body })).status;
};

describe('my account', () => {
  it('is for whoever is signed in', async () => {
    const { status, location } = await new PageClient(gate).get('/account');
    expect([status, location]).toEqual([303, '/sign-in?to=%2Faccount']);
    expect((await alice.get('/account')).body).toContain('<h1>My account: alice</h1>');
  });

  it('shows the browsers, this one marked, and signs out another one or all others', async () => {
    const [second, third] = [await signedIn('alice'), await signedIn('alice')];
    const ids = await idsOf(alice, 's');
    expect(ids.length).toBeGreaterThanOrEqual(2);
    const [id = ''] = await idsOf(second, 's');
    const ended = await act(second, 'end-browser', { id });
    expect([ended.status, ended.location]).toEqual([303, '/account?done=browser']);
    expect((await second.get('/account?done=browser')).body).toContain('The browser is signed out.');
    await act(second, 'end-browsers');
    expect([await isIn(alice), await isIn(second), await isIn(third)]).toEqual([false, true, false]);
  });

  it('shows the devices, and signs out one or all', async () => {
    const [first, second] = [await login('alice'), await login('alice')];
    const [id = '', ...more] = await idsOf(alice, 'd');
    expect(more).toHaveLength(1);
    expect((await act(alice, 'end-device', { id })).location).toBe('/account?done=device');
    expect([await refresh(first), await refresh(second)].toSorted()).toEqual([200, 401]);
    expect((await act(alice, 'end-devices')).location).toBe('/account?done=devices');
    expect([await refresh(first), await refresh(second)]).toEqual([401, 401]);
  });

  it.each(['end-browser', 'end-device', 'end-token'])("does nothing to another user's: %s", async (word) => {
    const bob = await signedIn('bob');
    const device = await login('bob');
    const other = await signedIn('bob');
    await act(bob, 'make-token', { purpose: word, repositories: 'bob/*', allow: 'pull', days: '7' });
    const ids = [...(await idsOf(bob, 's')), ...(await idsOf(bob, 'd')), ...(await idsOf(bob, 'm'))];
    for (const id of ids) expect((await act(alice, word, { id })).location).toBe('/account?done=gone');
    expect([await isIn(bob), await isIn(other), await refresh(device)]).toEqual([true, true, 200]);
    await act(bob, 'end-devices');
  });

  it.each(['', 'x', 'end', 'constructor', '__proto__'])('knows no act %s', async (word) => {
    expect((await act(alice, word)).status).not.toBe(303);
  });

  it('shows what a browser calls itself as text', async () => {
    const odd = new PageClient(gate);
    await odd.post(
      '/sign-in',
      { user: 'carol', password: TEST_PASSWORD },
      { 'user-agent': '<script>alert(1)</script>' },
    );
    const { body } = await odd.get('/account');
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(body).not.toContain('<script>alert');
  });
});

describe('a token that a user makes on the page', () => {
  const WISH = { purpose: 'ci', repositories: 'team/**', allow: 'pull', days: '30' };
  const secretOf = ({ body }: PageReply): string => /rgm_\w{49}/.exec(body)?.[0] ?? '';
  const pull = async (secret: string, repository: string, name = 'alice-ci'): Promise<number> =>
    (await askGate(gate, `GET /v2/${repository}/tags/list`, basic(name, secret))).status;

  it('is shown once, works at once within its scope, and is revoked', async () => {
    const made = await act(alice, 'make-token', WISH);
    const secret = secretOf(made);
    expect([made.status, made.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(made.body).toContain('docker login -u alice-ci --password-stdin');
    const { body } = await alice.get('/account');
    expect(body).toContain('alice-ci');
    expect(body).not.toContain(secret);
    expect(await readFile(inFolder('tokens.json'), 'utf8')).not.toContain(secret.slice(4, 20));
    expect([await pull(secret, 'team/app'), await pull(secret, 'alice/x')]).toEqual([200, 403]);
    const [id = ''] = await idsOf(alice, 'm');
    expect((await act(alice, 'end-token', { id })).location).toBe('/account?done=token');
    expect(await pull(secret, 'team/app')).toBe(401);
  });

  it.each<readonly [string, Record<string, string>, number, RegExp]>([
    ['more than the user may do', { allow: 'delete' }, 403, /you may not do this: delete team\/\*\*/],
    ['a repository of somebody else', { repositories: 'bob/x' }, 403, /pull bob\/x/],
    ['no action', { allow: '' }, 400, /at least one of/],
    ['an action that is none', { allow: 'own' }, 400, /at least one of/],
    ['a purpose that is no word', { purpose: 'a b' }, 400, /must be one word/],
    ['no end', { days: 'never' }, 400, /within a year/],
    ['an end in ten years', { days: '3650' }, 400, /within a year/],
    ['only what it takes out', { repositories: '!team/x' }, 400, /none of them names a repository/],
  ])('is refused for %s, and what was typed stays', async (_name, more, status, words) => {
    const { status: answered, body } = await act(alice, 'make-token', { ...WISH, ...more });
    expect([answered, body.replaceAll(/\s+/g, ' ')]).toEqual([status, expect.stringMatching(words)]);
    expect(body).not.toContain('rgm_');
    expect(body).toMatch(/<details\s+open/);
  });

  it('may never do more than its maker may at that moment, and ends with the maker', async () => {
    const carol = await signedIn('carol');
    const secret = secretOf(await act(carol, 'make-token', WISH));
    expect(await pull(secret, 'team/app', 'carol-ci')).toBe(200);
    await writeFile(inFolder('access.yml'), RULES.replace('[alice, carol]', 'alice'));
    await gate.gate.reload();
    expect(await pull(secret, 'team/app', 'carol-ci')).toBe(403);
    await writeFile(inFolder('access.yml'), RULES);
    await gate.gate.reload();
    expect(await pull(secret, 'team/app', 'carol-ci')).toBe(200);
    await users('alice', 'bob');
    expect(await pull(secret, 'team/app', 'carol-ci')).toBe(401);
    await expect.poll(async () => readFile(inFolder('tokens.json'), 'utf8')).not.toContain('carol-ci');
    await users('alice', 'bob', 'carol');
    expect(await pull(secret, 'team/app', 'carol-ci')).toBe(401);
  });
});

describe('my password', () => {
  const change = (client: PageClient, old: string, next: string, repeat = next): Promise<PageReply> =>
    act(client, 'password', { old, next, repeat });

  it('is changed by whoever knows it; other browsers and devices are signed out, this one stays', async () => {
    const other = await signedIn('alice');
    const device = await login('alice');
    const before = alice.session;
    const done = await change(alice, TEST_PASSWORD, NEW_PASSWORD);
    expect([done.status, done.location]).toEqual([303, '/account?done=password']);
    expect(alice.session).not.toBe(before);
    expect([await isIn(alice), await isIn(other), await refresh(device)]).toEqual([true, false, 401]);
    expect((await new PageClient(gate).signIn('alice', TEST_PASSWORD)).status).toBe(403);
    expect(await isIn(await signedIn('alice', NEW_PASSWORD))).toBe(true);
    expect(gate.log.join('\n')).not.toContain(NEW_PASSWORD);
  });

  it.each<readonly [string, readonly [string, string, string], number, RegExp]>([
    ['a wrong old one', ['wrong-old', NEW_PASSWORD, NEW_PASSWORD], 403, /old password is wrong/],
    ['two that differ', [TEST_PASSWORD, NEW_PASSWORD, 'x'], 400, /two new passwords differ/],
    ['none', [TEST_PASSWORD, '', ''], 400, /cannot be used/],
    ['one that is too long', [TEST_PASSWORD, 'x'.repeat(73), 'x'.repeat(73)], 400, /cannot be used/],
  ])('stays for %s', async (_name, [old, next, repeat], status, words) => {
    const { status: answered, body } = await change(alice, old, next, repeat);
    expect([answered, body]).toEqual([status, expect.stringMatching(words)]);
    expect(await isIn(await signedIn('alice'))).toBe(true);
  });

  it('counts a wrong old one as a wrong password', async () => {
    await change(alice, 'wrong-again', NEW_PASSWORD);
    const line = gate.log.findLast((it) => it.includes('"/account/password"')) ?? '';
    expect(line).toContain('"failedLogin":"wrong-password"');
  });

  it('is taken with a warning where it is easy to guess, as by the command', async () => {
    const { location } = await change(alice, TEST_PASSWORD, 'short');
    expect(location).toBe('/account?done=weak');
    expect((await alice.get('/account?done=weak')).body).toContain('easy to guess');
  });

  it('has no form where the file can not be written', async () => {
    const isRoot = process.getuid?.() === 0;
    await chmod(folder.path, 0o500);
    const { body } = await alice.get('/account');
    await chmod(folder.path, 0o700);
    // Root may write everywhere.
    expect(body.includes('action="/account/password"')).toBe(isRoot);
  });
});
