import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { BROWSER, expectAccessible, startBrowser, type OpenBrowser } from '../support/browser.ts';
import { backendOf, openInner } from '../support/inner-registry.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { pushImage, pushIndex } from '../support/push-image.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const ACCESS = `rules:
  - { who: anonymous, repositories: "open/**", allow: pull }
`;

interface Place {
  readonly url: string;
  close(): Promise<void>;
}

let browser: OpenBrowser;
let folder: Folder;

const PLACES: readonly { readonly name: string; readonly open: () => Promise<Place> }[] = [
  { name: 'docker-registry', open: () => startRegistry() },
  {
    name: 'the embedded registry',
    open: async () => ({ url: `embedded:${join(folder.path, 'embedded')}`, close: async () => undefined }),
  },
];

/** What is there before the gate is. The repository that has the first id has the last name. */
async function fill(url: string, state: string): Promise<void> {
  const { registry, close } = await openInner({ backend: backendOf(url) }, state);
  const web = registry.repository('open/web');
  await pushImage(web, { layers: ['base', 'one'], tags: ['1.9.0'] });
  await pushImage(web, { layers: ['base', 'two'], tags: ['1.10.0', 'latest'] });
  await pushIndex(web, [await pushImage(web, { layers: ['base', 'child'] })], ['multi']);
  await pushImage(registry.repository('secret/app'), { layers: ['base'], tags: ['1'] });
  await pushImage(registry.repository('open/app'), { layers: ['base'], tags: ['1'] });
  await close();
}

async function textOf(page: Page, path: string): Promise<string> {
  await page.goto(path);
  return page.innerText('main');
}

describeWith([BROWSER, 'docker-registry'], 'the lists of the pages', () => {
  beforeAll(async () => {
    folder = await temporaryFolder('pages-lists');
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await folder?.close();
  });

  describe.each(PLACES)('of $name', ({ name, open }) => {
    let place: Place;
    let gate: TestGate;
    let base: string;

    beforeAll(async () => {
      place = await open();
      const state = join(folder.path, `state of ${name}`);
      const access = join(folder.path, 'access.yml');
      await mkdir(state);
      await writeFile(access, ACCESS);
      await fill(place.url, state);
      gate = await startTestGate({ backend: place.url, config: { access, pages: 'on', state } });
      base = `https://127.0.0.1:${gate.port}`;
    });

    afterAll(async () => {
      await gate?.close();
      await place?.close();
    });

    it('hold what may be pulled, and nothing else', async () => {
      const { page, close } = await browser.open(base);
      await expect.poll(() => textOf(page, '/?search=ap')).toContain('1 repository matches');
      await expect.poll(() => textOf(page, '/?folder=open')).toContain('2 repositories');
      for (const path of ['/', '/?search=app', '/space'])
        expect(await textOf(page, path)).not.toContain('secret');
      expect((await page.goto('/space?repository=open/web'))?.status()).toBe(200);
      await close();
    });

    it('find repositories while one types, and keep the address', async () => {
      const { page, noise, close } = await browser.open(base);
      await page.goto('/?folder=open');
      await page.keyboard.press('/');
      await page.keyboard.type('web');
      await page.waitForURL('/?search=web');
      expect(await page.innerText('main tbody')).toContain('open/web');
      expect(await page.locator('main tbody tr').count()).toBe(1);
      expect(noise).toEqual([]);
      await close();
    });

    it('show tags as versions and the line of each tool, without script too', async () => {
      const { page, close } = await browser.open(base, { script: false });
      await expect.poll(() => textOf(page, '/r/open/web')).toContain('docker pull 127.0.0.1');
      const rows = await page.locator('main tbody th').allInnerTexts();
      expect(rows.map((row) => row.split(/\s/)[0])).toEqual(['1.10.0', '1.9.0', 'latest', 'multi']);
      expect(await page.locator('main input[type=checkbox]').count()).toBe(0);
      await page.check('input[value=podman]');
      expect(await page.innerText('.pull-card')).toContain('podman pull 127.0.0.1');
      await page.fill('main input[name=search]', '1.9');
      await page.click('main form.filter button');
      expect(await page.locator('main tbody tr').count()).toBe(1);
      await page.goto('/r/open/web');
      await page.click('main thead >> text=Size');
      expect(await page.getAttribute('main thead th[aria-sort]', 'aria-sort')).toBe('descending');
      await close();
    });

    it.each([
      { language: 'en', theme: 'light', width: 1280 },
      { language: 'ko', theme: 'dark', width: 390 },
    ] as const)('are quiet, accessible and no wider than the window: $language, $theme', async (options) => {
      const { page, noise, close } = await browser.open(base, options);
      for (const path of ['/', '/?search=nothing', '/r/open/web', '/space', '/space?repository=open/web']) {
        await page.goto(path);
        await expectAccessible(page);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(options.width);
      }
      expect(noise).toEqual([]);
      await close();
    });
  });
});
