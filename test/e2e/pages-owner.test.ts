import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/config/schema/schema.ts';
import { BROWSER, expectAccessible, startBrowser, type OpenBrowser } from '../support/browser.ts';
import { PageClient } from '../support/page-client.ts';
import { registryOf } from '../support/page-images.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { pushImage } from '../support/push-image.ts';
import { basic, startTestGate, TEST_PASSWORD, type TestGate } from '../support/test-gate.ts';
import { describeWith } from '../support/requires.ts';

const ACCESS = `owners: alice
rules:
  - { who: [alice, bob], repositories: "**", allow: [pull, push] }
  - { who: anonymous, repositories: "open/**", allow: pull }
`;
const PAGES = [
  '/users',
  '/users?user=bob',
  '/users?view=tokens',
  '/users?view=rights&who=bob&repository=a/b',
  '/users?view=rules',
  '/activity',
  '/health',
];

let folder: Folder;
let gate: TestGate;
let audit: string;

beforeAll(async () => {
  folder = await temporaryFolder('pages-owner');
  const access = join(folder.path, 'access.yml');
  const users = join(folder.path, 'htpasswd');
  audit = join(folder.path, 'audit.log');
  const hash = await bcrypt.hash(TEST_PASSWORD, 4);
  await writeFile(access, ACCESS);
  await writeFile(users, `alice:${hash}\nbob:${hash}\ncarol:${hash}\n`, { mode: 0o600 });
  const { abuse } = schema.parse({ abuse: { wrongPasswords: 3 } });
  gate = await startTestGate({
    backend: `embedded:${join(folder.path, 'data')}`,
    config: {
      access,
      users,
      abuse,
      pages: 'on',
      state: folder.path,
      audit: { file: audit, chain: false },
    },
  });
});

afterAll(async () => {
  await gate?.close();
  await folder?.close();
});

async function signedIn(user: string): Promise<PageClient> {
  const client = new PageClient(gate);
  expect((await client.signIn(user, TEST_PASSWORD)).status).toBe(303);
  return client;
}

/** Signs in at the registry API. */
async function tryPassword(password: string): Promise<number> {
  const client = new PageClient(gate);
  return (await client.get('/v2/', { authorization: basic('carol', password) })).status;
}

describe('the pages of owners, of a gate', () => {
  it.each(PAGES)('%s: are for an owner alone', async (path) => {
    const [owner, other, stranger] = [await signedIn('alice'), await signedIn('bob'), new PageClient(gate)];
    const answers = await Promise.all([owner, other, stranger].map((client) => client.get(path)));
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403]);
    for (const { body } of answers.slice(1)) expect(body).not.toMatch(/href="\/(?:users|activity|health)"/);
  });

  it('unlock somebody, who signs in again, and the audit log says who did it', async () => {
    for (const nth of [1, 2, 3]) expect(await tryPassword(`wrong ${nth}`)).toBe(401);
    expect(await tryPassword(TEST_PASSWORD)).toBe(429);
    const owner = await signedIn('alice');
    expect((await owner.get('/activity')).body).toContain('carol');
    const csrf = await owner.formToken('/activity');
    const answer = await owner.post('/owner/unlock', { csrf, user: 'carol' });
    expect([answer.status, answer.location]).toEqual([
      303,
      expect.stringMatching(/^\/activity\?unlocked=\d+$/),
    ]);
    expect(await tryPassword(TEST_PASSWORD)).toBe(200);
    await expect
      .poll(() => readFile(audit, 'utf8'))
      .toMatch(/"event":"owner".*"user":"alice".*"action":"unlock","target":"carol"/);
    await expect.poll(async () => (await owner.get('/activity')).body).toContain('unlocked carol');
  });

  it('end the sessions of a user at once', async () => {
    const [owner, other] = [await signedIn('alice'), await signedIn('bob')];
    expect((await other.get('/account')).status).toBe(200);
    const csrf = await owner.formToken('/users?user=bob');
    expect((await owner.post('/owner/end-sessions', { csrf, user: 'bob' })).status).toBe(303);
    expect((await other.get('/account')).status).not.toBe(200);
    expect((await owner.get('/account')).status).toBe(200);
  });

  it('change nothing for who is no owner, and for forms from elsewhere', async () => {
    const [owner, other] = [await signedIn('alice'), await signedIn('bob')];
    const csrf = await other.formToken('/account');
    expect((await other.post('/owner/end-sessions', { csrf, user: 'alice' })).status).toBe(403);
    expect((await owner.post('/owner/end-sessions', { csrf, user: 'alice' })).status).toBe(403);
    const foreign = { 'sec-fetch-site': 'cross-site' };
    const own = await owner.formToken('/users');
    expect((await owner.post('/owner/end-sessions', { csrf: own, user: 'alice' }, foreign)).status).toBe(403);
    expect((await owner.get('/health')).status).toBe(200);
  });

  it('tell of the gate as it is', async () => {
    const { body } = await (await signedIn('alice')).get('/health');
    expect(body).toContain(process.version);
    expect(body).toContain(join(folder.path, 'data'));
    expect(body).toMatch(/domain\.crt/);
  });
});

describeWith([BROWSER], 'the pages of owners, in a browser', () => {
  let browser: OpenBrowser;

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterAll(() => browser?.close());

  it.each([
    { language: 'en', theme: 'light', width: 1280 },
    { language: 'ko', theme: 'dark', width: 390 },
  ] as const)('are quiet and accessible: $language, $theme, $width', async (options) => {
    const base = `https://127.0.0.1:${gate.port}`;
    const { page, context, noise, close } = await browser.open(base, options);
    const value = (await signedIn('alice')).session ?? '';
    await context.addCookies([{ name: '__Host-registry-gate', value, url: base, secure: true }]);
    for (const path of [...PAGES, '/connect?client=docker', '/connect?client=k3s']) {
      await page.goto(path);
      await expectAccessible(page);
      const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      expect([path, isTooWide]).toEqual([path, false]);
    }
    expect(noise).toEqual([]);
    await close();
  });

  it('show without an audit log who pushed and who signed in, quietly and accessibly', async () => {
    const config = { pages: 'on', users: join(folder.path, 'htpasswd'), state: folder.path } as const;
    const plain = await startTestGate({ backend: `embedded:${join(folder.path, 'data')}`, config });
    const client = new PageClient(plain);
    await client.signIn('bob', TEST_PASSWORD);
    const base = `https://127.0.0.1:${plain.port}`;
    await pushImage(registryOf(plain).repository('team/app'), { layers: ['a layer'], tags: ['1'] });
    await expect.poll(async () => (await client.get('/activity')).body).toMatch(/alice[^]*team\/app/);
    for (const options of [{}, { language: 'ko', theme: 'dark', width: 390 }] as const) {
      const { page, context, noise, close } = await browser.open(base, options);
      const value = client.session ?? '';
      await context.addCookies([{ name: '__Host-registry-gate', value, url: base, secure: true }]);
      await page.goto('/activity');
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
      expect(noise).toEqual([]);
      await close();
    }
    await plain.close();
  });

  it('follow the health of the gate while somebody looks', async () => {
    const base = `https://127.0.0.1:${gate.port}`;
    const { page, context, noise, close } = await browser.open(base);
    const value = (await signedIn('alice')).session ?? '';
    await context.addCookies([{ name: '__Host-registry-gate', value, url: base, secure: true }]);
    await page.goto('/health');
    await page.evaluate("document.querySelector('#health-facts dd').textContent = 'old'");
    await expect.poll(() => page.textContent('#health-facts dd')).not.toBe('old');
    expect(noise).toEqual([]);
    await close();
  });
});
