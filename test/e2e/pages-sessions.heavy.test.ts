import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
  untilShown,
  WRONG_PASSWORDS,
  type PageGate,
  type PageGateOptions,
} from '../support/page-gate.ts';
import { describeWith } from '../support/requires.ts';
import { TEST_PASSWORD } from '../support/test-gate.ts';

const WITHOUT_STRANGERS = `owners: alice
rules:
  - { who: alice, repositories: "**", allow: [pull, push, delete] }
`;

/** What a tab shows that has been left open. */
async function headOf(page: Page): Promise<string> {
  return page.innerText('.account');
}

const PLACES: readonly (PageGateOptions & { readonly name: string; readonly afterwards: RegExp })[] = [
  { name: 'of a gate with something for everybody', afterwards: /out of date/ },
  { name: 'of a gate with nothing for strangers', access: WITHOUT_STRANGERS, afterwards: /^Sign in/ },
];

describeWith([BROWSER], 'sessions in a browser', () => {
  let browser: OpenBrowser;
  let shown: PageGate;
  let window: Window;
  let page: Page;

  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  async function start(options?: PageGateOptions): Promise<void> {
    shown = await startPageGate(options);
    await pushShownThings(shown);
    await untilShown(shown, { '/r/team/app': 'value="1.2.0"' });
  }

  /** A window for each test of a group. */
  function useWindows(): void {
    beforeEach(async () => {
      window = await browser.open(shown.base);
      page = window.page;
    });
    afterEach(() => window.close());
  }

  describe('of a gate', () => {
    beforeAll(() => start());
    afterAll(() => shown.close());

    describe('in a browser of their own', () => {
      useWindows();

      it('do not begin with a wrong password, nor with the right one after too many', async () => {
        for (let nth = 1; nth < WRONG_PASSWORDS; nth += 1) {
          await signInAt(page, 'carol', `wrong ${nth}`);
          expect(await page.innerText('[role=alert]')).toContain('wrong');
          expect(await page.inputValue('#user')).toBe('carol');
          expect(await page.inputValue('#password')).toBe('');
        }
        await signInAt(page, 'carol', 'wrong at last');
        await signInAt(page, 'carol', TEST_PASSWORD);
        expect(await page.innerText('[role=alert]')).toMatch(/\d+ (?:s|min)/);
        expect(await headOf(page)).toBe('Sign in');
        await page.goto('/account');
        expect(new URL(page.url()).pathname).toBe('/sign-in');
      });

      it('that have ended say so, and signing in again leads back', async () => {
        await signInAt(page, 'bob', TEST_PASSWORD, '/sign-in?to=/r/team/web');
        await page.goto('/space');
        await age(join(shown.state, 'sessions.json'), 'bob');
        await expect
          .poll(async () => {
            await page.goto('/account');
            return page.url();
          })
          .toContain('/sign-in?to=%2Faccount');
        expect(await page.innerText('[role=status]')).toContain('ended');
        await page.fill('#user', 'bob');
        await page.fill('#password', TEST_PASSWORD);
        await leaveBy(page, () => page.click('.sign-in button'));
        expect(new URL(page.url()).pathname).toBe('/account');
      });

      it('end none of another user, whose id is known', async () => {
        const alice = new PageClient(shown.gate);
        await alice.signIn('alice', TEST_PASSWORD);
        const { sessions } = JSON.parse(await readFile(join(shown.state, 'sessions.json'), 'utf8'));
        const { id } = sessions.findLast(({ user }: { readonly user: string }) => user === 'alice');
        const others = await browser.open(shown.base);
        await signInAt(others.page, 'bob', TEST_PASSWORD);
        await signInAt(page, 'bob', TEST_PASSWORD, '/sign-in?to=/account');
        const form = 'form[action="/account/end-browser"]';
        await page.evaluate(`document.querySelector('${form} input[name=id]').value = '${id}'`);
        await leaveBy(page, () => page.locator(`${form} button`).first().click());
        expect(await page.innerText('[role=status]')).toContain('ended already');
        expect((await alice.get('/account')).status).toBe(200);
        await others.close();
      });

      it('of another user in the same browser make the forms of the first void', async () => {
        await signInAt(page, 'alice', TEST_PASSWORD, '/sign-in?to=/r/team/app/-/remove?tag=1.2.0');
        const other = await window.context.newPage();
        await signInAt(other, 'bob', TEST_PASSWORD);
        await leaveBy(page, () => page.click('main button.danger'));
        expect(await mainOf(page)).toContain('out of date');
        await page.goto('/r/team/app');
        expect(await headOf(page)).toContain('bob');
        expect(await mainOf(page)).toContain('1.2.0');
      });
    });

    describe('of somebody without the right', () => {
      let own: Window;

      beforeAll(async () => {
        own = await browser.open(shown.base);
        await signInAt(own.page, 'bob', TEST_PASSWORD);
      });
      afterAll(() => own.close());

      it.each([
        ['/users', 403, 'Not allowed'],
        ['/users?user=alice', 403, 'Not allowed'],
        ['/activity', 403, 'Not allowed'],
        ['/health', 403, 'Not allowed'],
        ['/r/team/app/-/remove?tag=1.2.0', 403, 'Not allowed'],
        ['/r/secret/plans', 404, 'Not found'],
        ['/r/secret/plans/-/image/1', 404, 'Not found'],
        ['/r/secret/plans/-/files/1', 404, 'Not found'],
        ['/r/secret/plans/-/remove?tag=1', 404, 'Not found'],
        ['/space?repository=secret/plans', 404, 'Not found'],
      ])('show nothing of %s, whoever sent the address', async (path, status, title) => {
        const answer = await own.page.goto(path);
        expect(answer?.status()).toBe(status);
        expect(await own.page.innerText('h1')).toBe(title);
        expect(await own.page.content()).not.toMatch(/secret\/plans<|listen 8080/);
      });
    });
  });

  describe.each(PLACES)('in two tabs $name', ({ afterwards, ...options }) => {
    beforeAll(() => start(options));
    afterAll(() => shown.close());
    useWindows();

    let other: Page;
    beforeEach(async () => {
      await signInAt(page, 'alice', TEST_PASSWORD);
      other = await window.context.newPage();
      await other.goto('/');
    });

    const signOut = (): Promise<void> =>
      leaveBy(other, () => other.click('.account form[action="/sign-out"] button'));

    it('that end in one remove nothing by a form of the other', async () => {
      await page.goto('/r/team/app/-/remove?tag=1.2.0');
      await signOut();
      await leaveBy(page, () => page.click('main button.danger'));
      expect(await mainOf(page)).toMatch(afterwards);
      await signInAt(page, 'alice', TEST_PASSWORD, '/sign-in?to=/r/team/app');
      expect(await mainOf(page)).toContain('1.2.0');
    });

    it('that end in one find nothing in the list of the other, which says so', async () => {
      await page.goto('/');
      await signOut();
      await leaveBy(page, () => page.locator('.top input[type=search]').pressSequentially('secret'));
      await page.waitForLoadState();
      expect(await headOf(page)).toBe('Sign in');
      expect(await mainOf(page)).not.toContain('secret/plans');
    });

    it('that end in one end the health that the other follows', async () => {
      await page.goto('/health');
      await signOut();
      await expect.poll(() => headOf(page)).toBe('Sign in');
      expect(await mainOf(page)).not.toContain(process.version);
    });

    it('that end in one are not in the history of the other', async () => {
      await page.goto('/account');
      await page.goto('/connect');
      await signOut();
      await page.goBack({ waitUntil: 'load' });
      expect(await headOf(page)).toBe('Sign in');
      expect(await page.content()).not.toContain('My account: alice');
    });
  });
});

/** Makes the sessions of a user older than any may be, as if time had passed. */
async function age(file: string, of: string): Promise<void> {
  const state: { readonly sessions: readonly { readonly user: string }[] } = JSON.parse(
    await readFile(file, 'utf8'),
  );
  const created = new Date(Date.now() - 15 * 24 * 3_600_000).toISOString();
  const sessions = state.sessions.map((it) => (it.user === of ? { ...it, created } : it));
  await writeFile(`${file}.next`, JSON.stringify({ ...state, sessions }), { mode: 0o600 });
  await rename(`${file}.next`, file);
}
