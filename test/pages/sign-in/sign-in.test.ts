import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { recordingTerminal } from '../../support/terminal.ts';
import { machineToken } from '../../auth/tokens/support.ts';
import { PageClient } from '../../support/page-client.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { startRecordingBackend, type RecordingBackend } from '../../support/recording-backend.ts';
import {
  TEST_PASSWORD,
  startTestGate,
  type TestGate,
  type TestGateOptions,
} from '../../support/test-gate.ts';

let folder: Folder;
let backend: RecordingBackend;
let gate: TestGate;
const gates: TestGate[] = [];

const users = (): string => join(folder.path, 'htpasswd');
const hashed = (password: string): Promise<string> => bcrypt.hash(password, 4);

async function start(more: Partial<TestGateOptions> = {}): Promise<PageClient> {
  gate = await startTestGate({
    backend: backend.url,
    ...more,
    config: { pages: 'on', state: folder.path, users: users(), ...more.config },
  });
  gates.push(gate);
  return new PageClient(gate);
}

beforeEach(async () => {
  folder = await temporaryFolder('sign-in');
  backend = await startRecordingBackend();
  await writeFile(users(), `alice:${await hashed(TEST_PASSWORD)}\nbob:${await hashed('Pa55-of-bob')}\n`, {
    mode: 0o600,
  });
});

afterEach(async () => {
  for (const one of gates.splice(0)) await one.close();
  await backend.close();
  await folder.close();
});

describe('signing in', () => {
  it('gives a browser a cookie for this host alone, and goes back to where it was', async () => {
    const browser = await start();
    const asked = await browser.get('/?search=app');
    expect([asked.status, asked.location]).toEqual([303, '/sign-in?to=%2F%3Fsearch%3Dapp']);
    const form = await browser.get(asked.location ?? '');
    expect(form.body).toContain('name="to" value="/?search=app"');
    expect(form.headers['referrer-policy']).toBe('same-origin');
    const done = await browser.signIn('alice', TEST_PASSWORD, { to: '/?search=app' });
    expect([done.status, done.location, done.body]).toEqual([303, '/?search=app', '']);
    expect(done.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^__Host-registry-gate=rgs_\w{49}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=1209600$/,
      ),
    ]);
    expect((await browser.get('/sign-in')).body).toContain('You are signed in as alice.');
  });

  it.each([
    ['another site', 'https://evil.test/'],
    ['another site without a scheme', '//evil.test/'],
    ['another site by a backslash', '/\\evil.test/'],
    ['a script', 'javascript:alert(1)'],
    ['the form itself', '/sign-in?to=/space'],
    ['an act', '/sign-out'],
    ['a path of the registry API', '/v2/_catalog'],
    ['a line end', '/space\r\nSet-Cookie: a=b'],
    ['nothing', ''],
  ])('goes to the start and not to %s', async (_name, to) => {
    const browser = await start();
    expect((await browser.signIn('alice', TEST_PASSWORD, { to })).location).toBe('/');
  });

  it('stands in the log as a sign-in by password, and a sign-out as that of a session', async () => {
    const browser = await start();
    await browser.signIn('alice', TEST_PASSWORD);
    await browser.post('/sign-out', { csrf: await browser.formToken('/sign-in') });
    const lines = gate.log.map((line) => JSON.parse(line)).filter(({ session }) => session !== undefined);
    expect(lines).toMatchObject([
      { msg: 'request', user: 'alice', session: 'began', path: '/sign-in', status: 303 },
      { msg: 'request', user: 'alice', session: 'ended', path: '/sign-out', status: 303 },
    ]);
  });

  it.each<readonly [string, Record<string, string>, number, RegExp]>([
    ['a wrong password', { user: 'alice', password: 'wrong' }, 403, /user name or the password is wrong/],
    ['no such user', { user: 'nobody', password: 'wrong' }, 403, /user name or the password is wrong/],
    ['no password', { user: 'alice', password: '' }, 400, /Enter both/],
    ['no name', { user: '', password: 'x' }, 400, /Enter both/],
    ['a name without end', { user: 'a'.repeat(2000), password: 'x' }, 400, /Enter both/],
    ['the stored hash', { user: 'alice', password: '$2b$04$' }, 403, /is wrong/],
  ])('is refused for %s', async (_name, form, status, words) => {
    const browser = await start({ secretsInLog: true });
    const { status: answered, body, headers } = await browser.post('/sign-in', form);
    expect([answered, browser.session]).toEqual([status, undefined]);
    expect(body).toMatch(words);
    expect(headers['www-authenticate']).toBeUndefined();
  });

  it('counts a wrong password as every other one: in the log, for fail2ban, and for the throttle', async () => {
    const browser = await start();
    await browser.signIn('nobody-of-that-name', 'wrong-0');
    const line = gate.log.findLast((it) => it.includes('"/sign-in"')) ?? '';
    expect(line).toMatch(/"id":"[0-9a-z-]+","address":"127\.0\.0\.1","failedLogin":"wrong-password",/);
    expect(line).not.toContain('nobody-of-that-name');
    expect(line).toContain('"error":"UNAUTHORIZED"');
  });

  it('is throttled like any other, and says for how long', async () => {
    const browser = await start({
      config: { abuse: { ...ABUSE, wrongPasswords: 2 } },
    });
    await browser.signIn('alice', 'wrong-1');
    await browser.signIn('alice', 'wrong-2');
    const blocked = await browser.signIn('alice', TEST_PASSWORD);
    expect([blocked.status, browser.session]).toEqual([429, undefined]);
    const seconds = Number(blocked.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(blocked.body).toContain(`Nothing is checked for ${seconds} s`);
  });

  it('is not for machines, whose token is right', async () => {
    const { token, secret } = machineToken({ created: new Date().toISOString() });
    await writeFile(join(folder.path, 'tokens.json'), JSON.stringify({ version: 1, tokens: [token] }));
    const browser = await start({ secretsInLog: true });
    const { status, body } = await browser.signIn('ci', secret);
    expect([status, browser.session]).toEqual([403, undefined]);
    expect(body).toContain('This is the token of a machine.');
    expect(body).not.toContain(secret);
  });

  it('shows the name that was typed, as text, and never the password', async () => {
    const browser = await start();
    const { body } = await browser.signIn('"><script>alert(1)</script>', 'Pa55-typed');
    expect(body).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(body).not.toContain('Pa55-typed');
  });

  it('is in Korean for those who read it', async () => {
    const browser = await start();
    const { body } = await browser.get('/sign-in', { 'accept-language': 'ko' });
    expect(body).toContain('<h1>로그인</h1>');
  });
});

const ABUSE = {
  throttle: true,
  wrongPasswords: 10,
  wrongPerNetwork: 100,
  wrongPerUser: 100,
  windowSeconds: 86_400,
  longestBlockSeconds: 900,
  redis: undefined,
};

describe('a session', () => {
  async function signedIn(): Promise<PageClient> {
    const browser = await start();
    expect((await browser.signIn('alice', TEST_PASSWORD)).status).toBe(303);
    return browser;
  }
  const isIn = async (browser: PageClient): Promise<boolean> =>
    (await browser.get('/sign-in')).body.includes('You are signed in as');

  async function revoke(): Promise<void> {
    const { sessions } = JSON.parse(await readFile(join(folder.path, 'sessions.json'), 'utf8'));
    const terminal = recordingTerminal();
    const [{ id }] = sessions;
    expect(await run(['tokens', 'revoke', id, '--state', folder.path], terminal)).toBe(0);
  }

  /** The same browser, after the gate was off for a moment. */
  async function restarted(browser: PageClient, meanwhile?: () => Promise<void>): Promise<PageClient> {
    await gate.close();
    gates.splice(0);
    await meanwhile?.();
    const after = await start();
    for (const [name, value] of browser.cookies) after.cookies.set(name, value);
    return after;
  }

  it('survives a restart of the gate', async () => {
    expect(await isIn(await restarted(await signedIn()))).toBe(true);
  });

  it.each<readonly [string, () => Promise<unknown>]>([
    ['the password changes', async () => writeFile(users(), `alice:${await hashed('Another-0ne')}\n`)],
    ['the user is removed', async () => writeFile(users(), `bob:${await hashed('Pa55-of-bob')}\n`)],
    ['it is revoked by a command', revoke],
  ])('ends when %s, and the browser is told', async (_name, change) => {
    const browser = await signedIn();
    await change();
    await gate.gate.reload();
    expect(await isIn(browser)).toBe(false);
    expect((await browser.get('/sign-in')).body).toContain('Your session has ended.');
    expect((await browser.get('/')).location).toBe('/sign-in');
  });

  it.each<readonly [string, number, boolean]>([
    ['11 hours', 11, true],
    ['13 hours', 13, false],
  ])('that was not used for %s', async (_name, hours, isAlive) => {
    const browser = await restarted(await signedIn(), () => moveBack(hours, hours));
    expect(await isIn(browser)).toBe(isAlive);
  });

  it('ends 14 days after it began, however much it is used', async () => {
    const browser = await restarted(await signedIn(), () => moveBack(14 * 24 + 1, 0));
    expect(await isIn(browser)).toBe(false);
  });

  /** Makes the sessions older, while the gate is off. */
  async function moveBack(began: number, used: number): Promise<void> {
    const ago = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();
    const path = join(folder.path, 'sessions.json');
    const { sessions } = JSON.parse(await readFile(path, 'utf8'));
    const older = sessions.map((session: { id: string }) => ({ ...session, created: ago(began) }));
    await writeFile(path, JSON.stringify({ version: 1, sessions: older }));
    const uses = Object.fromEntries(older.map(({ id }: { id: string }) => [id, ago(used)]));
    await writeFile(join(folder.path, 'session-uses.json'), JSON.stringify({ version: 1, used: uses }));
  }

  it('ends by signing out, everywhere on demand', async () => {
    const browser = await signedIn();
    const other = new PageClient(gate);
    await other.signIn('alice', TEST_PASSWORD);
    const bob = new PageClient(gate);
    await bob.signIn('bob', 'Pa55-of-bob');
    const kept = browser.session ?? '';
    const left = await browser.post('/sign-out', { csrf: await browser.formToken('/sign-in') });
    expect([left.status, left.location, browser.session]).toEqual([303, '/sign-in?left=1', undefined]);
    browser.cookies.set('__Host-registry-gate', kept);
    expect([await isIn(browser), await isIn(other)]).toEqual([false, true]);
    const third = new PageClient(gate);
    await third.signIn('alice', TEST_PASSWORD);
    await third.post('/sign-out', { csrf: await third.formToken('/sign-in'), everywhere: '1' });
    expect([await isIn(other), await isIn(bob)]).toEqual([false, true]);
  });

  it('is found by a browser that a link of another site led here, which sends no cookie at first', async () => {
    const browser = await signedIn();
    const first = await browser.get('/?search=app', { cookie: undefined, 'sec-fetch-site': 'cross-site' });
    expect([first.status, first.headers['refresh']]).toEqual([200, '0; url=/?search=app']);
    expect(await isIn(browser)).toBe(true);
  });
});
