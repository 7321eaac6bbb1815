import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { run } from '../../../src/cli/program.ts';
import { openIdentityStore } from '../../../src/auth/tokens/store/identity-store.ts';
import { openKeyRing } from '../../../src/auth/tokens/store/key-ring.ts';
import { readSecret } from '../../../src/auth/tokens/store/secret-text.ts';
import { openTokenStore } from '../../../src/auth/tokens/store/token-store.ts';
import { openUseLog } from '../../../src/auth/tokens/store/use-log.ts';
import { recordingTerminal } from '../../support/terminal.ts';
import { openedSessions } from '../../auth/sessions/support.ts';
import { DAY, machineToken, makeFolder } from '../../auth/tokens/support.ts';

const SHA = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';

let folder: Awaited<ReturnType<typeof makeFolder>>;

beforeEach(async () => {
  folder = await makeFolder();
});

afterEach(() => folder.close());

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function tokens(...command: readonly string[]): Promise<Ended> {
  const terminal = recordingTerminal();
  const status = await run(['tokens', ...command, '--certs', folder.path], terminal);
  return { status, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

const inFolder = (name: string): string => join(folder.path, name);
const stored = async () => JSON.parse(await readFile(inFolder('tokens.json'), 'utf8')).tokens;
const listed = async () => JSON.parse((await tokens('list', '--json')).stdout);

async function created(...more: readonly string[]): Promise<string> {
  const ended = await tokens('create', 'ci', ...more);
  if (ended.status !== 0) throw new Error(ended.stderr);
  return ended.stdout.trim();
}

describe('tokens create', () => {
  it('prints the secret once, alone on standard output, and keeps its hash', async () => {
    const ended = await tokens(
      'create',
      'ci',
      '--repository',
      'team/**',
      '!team/secret/**',
      '--allow',
      'pull,push',
    );
    expect(ended.stdout).toMatch(/^rgm_[0-9A-Za-z]{49}\n$/);
    const [token] = await stored();
    expect(token).toMatchObject({
      id: expect.stringMatching(/^m-[0-9a-f]{10}$/),
      name: 'ci',
      hash: readSecret('machine', ended.stdout.trim()),
      scope: [{ repositories: ['team/**', '!team/secret/**'], allow: ['pull', 'push'] }],
      networks: [],
    });
    expect(ended.stderr).toContain(
      `Made the token ${token.id} of ci: pull, push in team/**, !team/secret/**.`,
    );
    expect(ended.stderr).toContain('docker login -u ci --password-stdin HOST');
    expect(ended.stderr).not.toContain('rgm_');
    expect(await readFile(inFolder('tokens.json'), 'utf8')).not.toContain('rgm_');
    expect((await stat(inFolder('tokens.json'))).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['90 days where nothing is said', [], 90 * DAY],
    ['12 hours', ['--expires', '12h'], DAY / 2],
    ['26 weeks', ['--expires', '26w'], 182 * DAY],
  ])('makes one for %s', async (_name, more, lifetime) => {
    await created(...more);
    const [token] = await stored();
    expect(Date.parse(token.expires) - Date.parse(token.created)).toBe(lifetime);
    expect(token.scope).toBeNull();
  });

  it('makes one without end, and warns', async () => {
    const ended = await tokens('create', 'ci', '--expires', 'never');
    expect(ended).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('Warning: a token that never expires'),
    });
    expect((await stored())[0].expires).toBeNull();
  });

  it('makes one that a gate lets in, from its networks', async () => {
    const secret = await created('--network', '10.0.0.0/8', '192.0.2.7');
    const store = await openTokenStore({ path: inFolder('tokens.json') });
    const from = (address: string) =>
      store.current().authenticate({ user: 'ci', password: new Secret(secret), address }, Date.now());
    expect(['10.1.2.3', '192.0.2.7', '192.0.2.8'].map((address) => from(address) !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('makes two of a name, to replace one by the other, and no third before one is gone', async () => {
    await created();
    await created();
    const ended = await tokens('create', 'ci');
    const [first] = await stored();
    expect(ended).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('2 active tokens'),
    });
    expect(ended.stderr).toMatch(new RegExp(`registry-gate tokens revoke --certs \\S+ ${first.id}`));
    expect(await stored()).toHaveLength(2);
    await tokens('revoke', first.id);
    await created();
    expect((await tokens('create', 'other')).status).toBe(0);
  });

  it('makes no third also where two commands run at once', async () => {
    const ended = await Promise.all([1, 2, 3, 4].map(() => tokens('create', 'ci')));
    expect(ended.map(({ status }) => status).sort()).toEqual([0, 0, 1, 1]);
    expect(await stored()).toHaveLength(2);
  });

  it('does not count what has ended', async () => {
    const expires = new Date(Date.now() - DAY).toISOString();
    const ended = ['m-1', 'm-2'].map((id) => machineToken({ id, expires }).token);
    await writeFile(inFolder('tokens.json'), JSON.stringify({ version: 1, tokens: ended }));
    expect((await tokens('create', 'ci')).status).toBe(0);
  });

  it.each<[string, string[], number, string]>([
    ['the name of a user', ['alice'], 1, 'There is a user alice already'],
    ['a name with a colon', ['a:b'], 2, 'a colon'],
    ['no name', [''], 2, 'is empty'],
    ['--repository alone', ['ci', '--repository', 'a'], 2, 'must be given together'],
    ['--allow alone', ['ci', '--allow', 'pull'], 2, 'must be given together'],
    ['a pattern that matches nothing', ['ci', '--repository', 'Team/**', '--allow', 'pull'], 2, 'upper case'],
    [
      'nothing but an exception',
      ['ci', '--repository', '!a', '--allow', 'pull'],
      2,
      'only excludes repositories',
    ],
    ['an unknown action', ['ci', '--repository', 'a', '--allow', 'pull,admin'], 2, 'pull, push and delete'],
    ['no action', ['ci', '--repository', 'a', '--allow', ''], 2, 'has an empty value'],
    ['an unknown time', ['ci', '--expires', 'tomorrow'], 2, '12h, 90d, 26w'],
    ['a network that is none', ['ci', '--network', '10.0.0.0/33'], 2, '--network 10.0.0.0/33'],
    [
      'a network with a slip of the pen',
      ['ci', '--network', '10.1.2.3/8'],
      2,
      'its last 24 bits must be zero',
    ],
  ])('refuses %s', async (_name, command, status, words) => {
    await writeFile(inFolder('htpasswd'), `alice:${SHA}\n`, { mode: 0o600 });
    const ended = await tokens('create', ...command);
    expect(ended).toMatchObject({ status, stdout: '', stderr: expect.stringContaining(words) });
    expect(await readdir(folder.path)).toEqual(['htpasswd']);
  });

  it('leaves a damaged file alone', async () => {
    await writeFile(inFolder('tokens.json'), '{');
    expect(await tokens('create', 'ci')).toMatchObject({ status: 1, stdout: '' });
    expect(await readFile(inFolder('tokens.json'), 'utf8')).toBe('{');
  });

  it('works in the state directory that is named', async () => {
    const terminal = recordingTerminal();
    expect(await run(['tokens', 'create', 'ci', '--state', folder.path], terminal)).toBe(0);
    expect(await stored()).toHaveLength(1);
  });
});

describe('tokens list', () => {
  it('shows machines and devices, when they were here, and what ends', async () => {
    const now = Date.now();
    const at = (days: number): string => new Date(now + days * DAY + 1000).toISOString();
    const rows = [
      machineToken({ id: 'm-1', expires: at(5), scope: [{ repositories: ['team/**'], allow: ['pull'] }] }),
      machineToken({ id: 'm-2', expires: null, networks: ['10.0.0.0/8'] }),
      machineToken({ id: 'm-3', expires: at(-1) }),
      machineToken({ id: 'm-4', maker: 'alice', scope: [{ repositories: ['a'], allow: ['push'] }] }),
    ].map(({ token }) => token);
    await writeFile(inFolder('tokens.json'), JSON.stringify({ version: 1, tokens: rows }));
    const used = '2026-03-01T10:30:00.000Z';
    await writeFile(inFolder('token-uses.json'), JSON.stringify({ version: 1, used: { 'm-2': used } }));
    const { stdout } = await tokens('list');
    const day = (days: number): string => at(days).slice(0, 10);
    expect(stdout.split('\n')).toEqual([
      'ID   NAME  WHAT                             ENDS        LAST USED',
      `m-1  ci    pull team/**                     ${day(5)}  never             token m-1 of ci ends in 5 days, on ${day(5)}`,
      'm-2  ci    by access rules from 10.0.0.0/8  never       2026-03-01 10:30',
      `m-3  ci    by access rules                  ${day(-1)}  never             token m-3 of ci ended on ${day(-1)}`,
      'm-4  ci    push a, made by alice            never       never             ended: alice, who made it, is no user any more',
      '',
    ]);
    expect(stdout).not.toContain(rows[0]?.hash);
  });

  it('shows the devices of people, and which of them are over', async () => {
    await writeFile(inFolder('htpasswd'), `alice:${SHA}\n`, { mode: 0o600 });
    await signIn('alice');
    const device = {
      kind: 'device',
      id: expect.stringMatching(/^d-/),
      name: 'alice',
      client: 'docker',
      agent: 'docker/27',
      address: '10.0.0.1',
      created: expect.any(String),
      lastUsed: null,
      note: null,
    };
    expect(await listed()).toEqual([device]);
    expect((await tokens('list')).stdout).toContain('device: docker at 10.0.0.1');
    await writeFile(inFolder('htpasswd'), `alice:{SHA}${'A'.repeat(27)}=\n`);
    expect(await listed()).toEqual([{ ...device, note: expect.stringContaining('ended') }]);
  });

  it('shows the browsers of people, and which of them are over', async () => {
    await writeFile(inFolder('htpasswd'), `alice:${SHA}\n`, { mode: 0o600 });
    await signInByBrowser('alice');
    const browser = {
      kind: 'browser',
      id: expect.stringMatching(/^s-/),
      name: 'alice',
      agent: 'Firefox',
      address: '10.0.0.1',
      created: expect.any(String),
      lastUsed: expect.any(String),
      note: null,
    };
    expect(await listed()).toEqual([browser]);
    expect((await tokens('list')).stdout).toContain('browser: Firefox at 10.0.0.1');
    await writeFile(inFolder('htpasswd'), `alice:{SHA}${'A'.repeat(27)}=\n`);
    expect(await listed()).toEqual([{ ...browser, note: expect.stringContaining('ended') }]);
  });

  it('says so where there is none', async () => {
    expect(await listed()).toEqual([]);
  });
});

describe('tokens revoke', () => {
  it('ends a machine token, and no other', async () => {
    const secrets = [await created(), await created()];
    const [first, second] = await stored();
    expect(await tokens('revoke', first.id)).toMatchObject({ status: 0, stdout: '' });
    const store = await openTokenStore({ path: inFolder('tokens.json') });
    const alive = secrets.map((secret) =>
      store.current().authenticate({ user: 'ci', password: new Secret(secret), address: '::1' }, Date.now()),
    );
    expect(alive.map((token) => token?.id)).toEqual([undefined, second.id]);
  });

  it('ends the sign-in of a device', async () => {
    await writeFile(inFolder('htpasswd'), `alice:${SHA}\n`, { mode: 0o600 });
    await signIn('alice');
    const [{ id }] = await listed();
    expect((await tokens('revoke', id)).stderr).toContain(`Revoked ${id}.`);
    expect(await listed()).toEqual([]);
  });

  it.each(['id', 'name'] as const)('ends the session of a browser by its %s', async (key) => {
    await writeFile(inFolder('htpasswd'), `alice:${SHA}\n`, { mode: 0o600 });
    await signInByBrowser('alice');
    const [row] = await listed();
    expect((await tokens('revoke', row[key])).stderr).toContain(`Revoked ${row.id}.`);
    expect(await listed()).toEqual([]);
  });

  it('finds the id of a machine with one token by its name', async () => {
    await created();
    const [{ id }] = await stored();
    const ended = await tokens('revoke', 'ci');
    expect(ended).toMatchObject({ status: 0, stderr: expect.stringContaining(`Revoked ${id}.`) });
    expect(await stored()).toEqual([]);
  });

  it('finds the one device of a user by the name', async () => {
    await writeFile(inFolder('htpasswd'), `alice:${SHA}\n`, { mode: 0o600 });
    await signIn('alice');
    expect((await tokens('revoke', 'alice')).status).toBe(0);
    expect(await listed()).toEqual([]);
  });

  it('revokes none of two tokens of a name, and names both', async () => {
    await created();
    await created();
    const ids = (await stored()).map(({ id }: { readonly id: string }) => id);
    const ended = await tokens('revoke', 'ci');
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining(ids.join(', ')) });
    expect(ended.stderr).toContain('Nothing was revoked');
    expect(await stored()).toHaveLength(2);
  });

  it.each(['m-0000000000', 'other', '__proto__'])('knows no token %s', async (id) => {
    await created();
    expect(await tokens('revoke', id)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('tokens list'),
    });
    expect(await stored()).toHaveLength(1);
  });
});

describe('tokens certificate', () => {
  it('makes key and certificate once', async () => {
    const first = await tokens('certificate');
    const text = await readFile(inFolder('backend-token.crt'), 'utf8');
    expect([first.status, first.stderr.includes('backend-token.crt')]).toEqual([0, true]);
    expect((await stat(inFolder('backend-token.key'))).mode & 0o777).toBe(0o600);
    expect((await tokens('certificate')).status).toBe(0);
    expect(await readFile(inFolder('backend-token.crt'), 'utf8')).toBe(text);
  });
});

async function signInByBrowser(user: string): Promise<void> {
  const directory = { credentialVersion: () => SHA, groups: () => [] };
  const { sessions } = await openedSessions(folder.path, { now: Date.now }, directory);
  await sessions.begin({ name: user, version: SHA }, { agent: 'Firefox', address: '10.0.0.1' });
  await sessions.close();
}

async function signIn(user: string): Promise<void> {
  const now = Date.now;
  const keys = await openKeyRing({ path: inFolder('token-keys.json'), now });
  const uses = await openUseLog({ path: inFolder('token-uses.json'), now });
  const directory = { credentialVersion: () => SHA };
  const store = await openIdentityStore({
    path: inFolder('identity-tokens.json'),
    keys,
    uses,
    directory,
    now,
  });
  await store.issue({ user, version: SHA, client: 'docker', agent: 'docker/27', address: '10.0.0.1' });
}
