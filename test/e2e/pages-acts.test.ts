import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import {
  BROWSER,
  leaveBy,
  mainOf,
  signInAt,
  startBrowser,
  type OpenBrowser,
  type Window,
} from '../support/browser.ts';
import { PageClient } from '../support/page-client.ts';
import {
  pushShownThings,
  startPageGate,
  VERSIONS,
  WRONG_PASSWORDS,
  type PageGate,
  type ShownThings,
} from '../support/page-gate.ts';
import { until } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { basic, TEST_PASSWORD } from '../support/test-gate.ts';

let browser: OpenBrowser;
let shown: PageGate;
let things: ShownThings;
let window: Window;
let page: Page;

/** What stands in the first column of the list of a page. */
async function rowsOf(at: Page = page): Promise<readonly string[]> {
  const rows = await at.locator('main tbody th').allInnerTexts();
  return rows.map((row) => row.split(/\s/)[0] ?? '');
}

/** Opens the page of a repository when the inventory knows all of its tags. */
async function openTags(repository: string, tags: readonly string[]): Promise<void> {
  await until(
    async () => {
      await page.goto(`/r/${repository}`);
      return (await rowsOf()).join() === tags.join() ? true : undefined;
    },
    () => `${repository} does not have the tags ${tags.join()}`,
  );
}

async function passwordWorks(user: string, password: string): Promise<number> {
  const client = new PageClient(shown.gate);
  return (await client.get('/v2/', { authorization: basic(user, password) })).status;
}

describeWith([BROWSER], 'what somebody does on the pages', () => {
  beforeAll(async () => {
    browser = await startBrowser();
    shown = await startPageGate();
    things = await pushShownThings(shown);
    // The inventory may not know the repository yet: a window of its own hears of that.
    window = await browser.open(shown.base);
    page = window.page;
    await signInAt(page, 'alice', TEST_PASSWORD);
    await openTags('team/app', VERSIONS);
    await window.close();
    window = await browser.open(shown.base);
    page = window.page;
    await signInAt(page, 'alice', TEST_PASSWORD);
  });

  afterAll(async () => {
    await browser?.close();
    await shown?.close();
  });

  it('goes from the start to an image by keys alone, and sees where the focus is', async () => {
    await page.goto('/');
    await page.keyboard.press('/');
    await page.keyboard.type('tea');
    await expect.poll(() => rowsOf()).toEqual(['team/app', 'team/web']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    const focused = page.locator(':focus-visible');
    expect(await focused.innerText()).toBe('team/app');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await leaveBy(page, () => page.keyboard.press('Enter'));
    expect(await rowsOf()).toEqual(VERSIONS);
    await page.keyboard.press('ArrowDown');
    await leaveBy(page, () => page.keyboard.press('Enter'));
    expect(new URL(page.url()).pathname).toBe('/r/team/app/-/image/1.10.0');
  });

  it('sorts, goes into a folder and back, reloads, and sends the address to somebody', async () => {
    await page.goto('/');
    expect(await rowsOf()).toEqual(['charts/', 'open/', 'secret/', 'team/']);
    await leaveBy(page, () => page.click('text=team/'));
    expect(await rowsOf()).toEqual(['app', 'web']);
    await leaveBy(page, () => page.click('main thead >> text=Name'));
    expect(await rowsOf()).toEqual(['web', 'app']);
    const address = page.url();
    await page.reload();
    expect(await rowsOf()).toEqual(['web', 'app']);
    const other = await browser.open(shown.base);
    await signInAt(other.page, 'bob', TEST_PASSWORD);
    await other.page.goto(address);
    expect(await rowsOf(other.page)).toEqual(['web', 'app']);
    await other.close();
    await leaveBy(page, () => page.goBack());
    expect(await rowsOf()).toEqual(['app', 'web']);
    await leaveBy(page, () => page.goBack());
    expect(await rowsOf()).toHaveLength(4);
    await leaveBy(page, () => page.goForward());
    expect(await rowsOf()).toEqual(['app', 'web']);
  });

  it.each([
    ['docker', '/r/team/app', 'docker pull HOST/team/app:1.10.0'],
    ['podman', '/r/team/app', 'podman pull HOST/team/app:1.10.0'],
    ['containerd', '/r/team/app', 'nerdctl pull HOST/team/app:1.10.0'],
    ['oras', '/r/team/app', 'oras copy HOST/team/app:1.10.0 --to-oci-layout app:1.10.0'],
    ['podman', '/r/team/app/-/image/1.9.0', 'podman pull HOST/team/app:1.9.0'],
    ['cosign', '/r/team/app/-/image/1.10.0', 'cosign verify --key cosign.pub HOST/team/app@DIGEST'],
    ['helm', '/r/charts/web', 'helm pull oci://HOST/charts/web --version 1.4.0'],
    ['helm', '/r/charts/web/-/image/1.4.0', 'helm pull oci://HOST/charts/web --version 1.4.0'],
  ] as const)('copies the line for %s from %s', async (tool, path, line) => {
    await page.goto(path);
    await page.check(`.pull-card input[value=${tool}]`, { force: true });
    await page.locator(`.pull-card [data-tool=${tool}] button`).first().click();
    const { host } = new URL(shown.base);
    await expect
      .poll(() => page.evaluate('navigator.clipboard.readText()'))
      .toBe(line.replace('HOST', host).replace('DIGEST', things.image.digest.text));
  });

  it('compares two chosen tags', async () => {
    await page.goto('/r/team/app');
    const compare = page.locator('main button[value=compare]');
    expect(await compare.isDisabled()).toBe(true);
    await page.check('input[value="1.9.3"]');
    await page.check('input[value="1.10.0"]');
    await leaveBy(page, () => compare.click());
    expect(page.url()).toContain('/-/compare?a=1.9.3&b=1.10.0');
    const row = await page.innerText('main tr:has-text("VERSION")');
    expect(row.split(/\s+/)).toEqual(['Environment', 'VERSION', 'changed', '1.9.3', '1.10.0']);
  });

  it('looks through the files of an image', async () => {
    await page.goto('/r/team/app/-/image/1.9.0');
    await page.click('main .tabs >> text=Files');
    await page.locator('table.files').waitFor();
    expect(await rowsOf()).toEqual(['app/', 'etc/']);
    await leaveBy(page, () => page.click('table.files a:has-text("etc")'));
    expect(await rowsOf()).toEqual(['app.conf']);
    await leaveBy(page, () => page.click('main a:has-text("later layers hid")'));
    expect(await rowsOf()).toEqual(['app.conf', 'gone.conf']);
    await leaveBy(page, () => page.click('table.files a:has-text("app.conf")'));
    expect(await mainOf(page)).toContain('listen 8080');
    await leaveBy(page, () => page.goBack());
    expect(await rowsOf()).toEqual(['app.conf', 'gone.conf']);
  });

  it('goes from the space of all to that of a tag', async () => {
    await page.goto('/');
    await leaveBy(page, () => page.click('nav >> text=Space'));
    await leaveBy(page, () => page.click('main table a:text-is("team/app")'));
    expect(await rowsOf()).toContain('1.10.0');
  });

  it('makes a token, which is shown once and works until it is revoked', async () => {
    await page.goto('/account');
    await page.click('summary');
    await page.fill('#purpose', 'nightly');
    await page.fill('#repositories', 'team/**');
    await page.check('input[value=pull]');
    await leaveBy(page, () => page.click('form[action="/account/make-token"] button'));
    const [secret = ''] = await page.locator('.copy-line code').allInnerTexts();
    const login = await mainOf(page);
    const [, name = ''] = /docker login -u (\S+)/.exec(login) ?? [];
    expect(secret.length).toBeGreaterThan(20);
    expect(await passwordWorks(name, secret)).toBe(200);
    await leaveBy(page, () => page.click('main a.button'));
    expect(await page.content()).not.toContain(secret);
    await leaveBy(page, () => page.click('#tokens tbody button'));
    expect(await page.innerText('[role=status]')).toBe('The token is revoked.');
    expect(await passwordWorks(name, secret)).toBe(401);
  });

  describe('to the password', () => {
    const NEXT = 'Another-Pa55-of-dora';
    let own: Window;

    beforeAll(async () => {
      own = await browser.open(shown.base);
      await signInAt(own.page, 'dora', TEST_PASSWORD);
    });
    afterAll(() => own.close());

    async function change(old: string, next: string, repeat: string): Promise<string> {
      await own.page.goto('/account');
      for (const [field, text] of Object.entries({ old, next, repeat }))
        await own.page.fill(`#${field}`, text);
      await leaveBy(own.page, () => own.page.click('#password button'));
      return own.page.innerText('.notice');
    }

    it.each([
      ['with a wrong one', ['wrong', NEXT, NEXT], 'The old password is wrong.'],
      ['with two that differ', [TEST_PASSWORD, NEXT, `${NEXT}x`], 'The two new passwords differ.'],
    ] as const)('does nothing %s', async (_name, [old, next, repeat], words) => {
      expect(await change(old, next, repeat)).toContain(words);
      expect(await passwordWorks('dora', NEXT)).toBe(401);
    });

    it('changes it, and stays signed in', async () => {
      expect(await change(TEST_PASSWORD, NEXT, NEXT)).toContain('The password is changed.');
      expect(await passwordWorks('dora', NEXT)).toBe(200);
      await own.page.reload();
      expect(await own.page.innerText('.account')).toContain('dora');
    });
  });

  it.each([
    ['bob', 'team/app', 'pull', /pull\s+allowed\s+/],
    ['bob', 'team/app', 'delete', /delete\s+no\s/],
    ['carol', 'secret/plans', 'pull', /pull\s+no\s/],
  ])('asks whether %s may, in %s: %s', async (who, repository, action, words) => {
    await page.goto('/users');
    await leaveBy(page, () => page.click('main .tabs >> nth=0 >> a >> nth=2'));
    await page.fill('#who', who);
    await page.fill('#asked', repository);
    await page.selectOption('#action', action);
    await leaveBy(page, () => page.click('main form button'));
    expect(await mainOf(page)).toMatch(words);
  });

  it('sees who is locked out, and unlocks', async () => {
    for (let nth = 0; nth < WRONG_PASSWORDS; nth += 1)
      expect(await passwordWorks('carol', `wrong ${nth}`)).toBe(401);
    expect(await passwordWorks('carol', TEST_PASSWORD)).toBe(429);
    await page.goto('/activity');
    await leaveBy(page, () => page.locator('tr:has-text("carol") form button').first().click());
    expect(await page.innerText('[role=status]')).not.toBe('');
    expect(await passwordWorks('carol', TEST_PASSWORD)).toBe(200);
  });

  it('chooses a client to connect, with this host and its certificate filled in', async () => {
    await page.goto('/connect');
    await leaveBy(page, () => page.click('main >> text=podman'));
    const text = await mainOf(page);
    expect(text).toContain(new URL(shown.base).host);
    expect(text).toMatch(/\b[0-9a-f]{64}\b|(?:[0-9A-F]{2}:){31}/i);
  });

  it('chooses tags with the shift key, and removes what the summary says', async () => {
    await page.goto('/r/team/app');
    const box = (tag: string): Locator => page.locator(`input[value="${tag}"]`);
    await box('1.9.3').click();
    await box('1.8.0').click({ modifiers: ['Shift'] });
    expect(await page.innerText('[data-selected]')).toBe('3 selected');
    await box('1.9.0').click();
    expect(await page.innerText('[data-selected]')).toBe('2 selected');
    await leaveBy(page, () => page.click('main button[data-needs=some]'));
    const summary = await mainOf(page);
    expect(summary).toMatch(/1\.9\.3\s+[0-9a-f]{12}\s+goes, and its image with it/);
    expect(summary).toContain('at most');
    await leaveBy(page, () => page.click('main button.danger'));
    expect(await page.innerText('h1')).toBe('Removed');
    await openTags('team/app', ['1.10.0', '1.9.0', '1.2.0']);
    await expect
      .poll(() => readFile(shown.audit, 'utf8'))
      .toMatch(/"event":"delete","result":"done".*"user":"alice"/);
  });

  it('does the same without script', async () => {
    const plain = await browser.open(shown.base, { script: false });
    await signInAt(plain.page, 'alice', TEST_PASSWORD, '/sign-in?to=/r/team/app');
    await plain.page.check('input[value="1.2.0"]');
    await leaveBy(plain.page, () => plain.page.click('main button[data-needs=some]'));
    await leaveBy(plain.page, () => plain.page.click('main button.danger'));
    expect(await plain.page.innerText('h1')).toBe('Removed');
    await plain.close();
    await openTags('team/app', ['1.10.0', '1.9.0']);
  });

  it('leaves no line in the console', () => {
    expect(window.noise).toEqual([]);
  });
});
