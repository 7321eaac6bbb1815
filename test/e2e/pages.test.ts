import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BROWSER, expectAccessible, startBrowser, type OpenBrowser } from '../support/browser.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const ACCESS = `rules:
  - { who: anonymous, repositories: "open/**", allow: pull }
  - { who: alice, repositories: "**", allow: [pull, push, delete] }
`;

let browser: OpenBrowser;
let gate: TestGate;
let folder: Folder;
let base: string;

describeWith([BROWSER], 'the pages in a browser', () => {
  beforeAll(async () => {
    folder = await temporaryFolder('pages');
    const access = join(folder.path, 'access.yml');
    await writeFile(access, ACCESS);
    browser = await startBrowser();
    const backend = `embedded:${join(folder.path, 'data')}`;
    gate = await startTestGate({ backend, config: { access, pages: 'on' } });
    base = `https://127.0.0.1:${gate.port}`;
  });

  afterAll(async () => {
    await browser?.close();
    await gate?.close();
    await folder?.close();
  });

  it.each([
    { language: 'en', theme: 'light' },
    { language: 'ko', theme: 'dark' },
  ] as const)('are quiet and accessible: $language, $theme', async (options) => {
    const { page, noise, close } = await browser.open(base, options);
    await page.goto('/');
    expect(await page.getAttribute('html', 'lang')).toBe(options.language);
    await expectAccessible(page);
    expect(noise).toEqual([]);
    await close();
  });

  it('change their language and their appearance on request, without script too', async () => {
    const { page, close } = await browser.open(base, { script: false });
    await page.goto('/');
    await page.selectOption('select[name=language]', 'ko');
    await page.selectOption('select[name=theme]', 'dark');
    await page.click('footer button');
    await page.waitForURL('/');
    expect(await page.getAttribute('html', 'lang')).toBe('ko');
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark');
    await close();
  });

  it('go to the search field by a key', async () => {
    const { page, close } = await browser.open(base);
    await page.goto('/');
    await page.keyboard.press('/');
    await page.keyboard.type('app');
    expect(await page.inputValue('input[type=search]')).toBe('app');
    await close();
  });
});
