import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findProgram } from './requires.ts';
import { temporaryFolder } from './programs.ts';

/** The program that the suites of the pages drive. */
export const BROWSER = 'chromium';

export interface WindowOptions {
  readonly language?: 'en' | 'ko';
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Default: on. */
  readonly script?: boolean;
}

/** A window without cookies of its own. What it logs, and what it loads from elsewhere, is kept. */
export interface Window {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Each line of the console, each error of a script, each request that failed, and each to another host. */
  readonly noise: readonly string[];
  close(): Promise<void>;
}

export interface OpenBrowser {
  open(base: string, options?: WindowOptions): Promise<Window>;
  close(): Promise<void>;
}

/** Debian's Chromium, without a window. `more`: further arguments. */
export async function startBrowser(more: readonly string[] = []): Promise<OpenBrowser> {
  const home = await temporaryFolder('browser');
  // As root it has no sandbox of its own, and the pages are ours.
  const browser = await chromium.launch({
    executablePath: findProgram(BROWSER),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...more],
    env: { ...process.env, HOME: home.path },
    timeout: 0,
  });
  return {
    open: (base, options) => openWindow(browser, base, options),
    close: async () => {
      await browser.close();
      await home.close();
    },
  };
}

async function openWindow(
  browser: Browser,
  base: string,
  { language = 'en', theme = 'light', width = 1280, height = 900, script = true }: WindowOptions = {},
): Promise<Window> {
  const context = await browser.newContext({
    baseURL: base,
    ignoreHTTPSErrors: true,
    locale: language,
    colorScheme: theme,
    viewport: { width, height },
    javaScriptEnabled: script,
  });
  // Buttons copy lines.
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  // Tests wait as long as the others do, not as long as the library thinks.
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const noise = listen(page, base);
  return { page, context, noise, close: () => context.close() };
}

function listen(page: Page, base: string): readonly string[] {
  const noise: string[] = [];
  page.on('console', (line) => noise.push(`${line.type()}: ${line.text()}`));
  // Nothing of the pages opens one, and one that an image opened would be a script that ran.
  page.on('dialog', (dialog) => (noise.push(`dialog: ${dialog.message()}`), void dialog.dismiss()));
  page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${base}/`)) noise.push(`elsewhere: ${request.url()}`);
  });
  return noise;
}

/** Signs in by the form, as a person does. Resolves when the page has answered, whatever it says. */
export async function signInAt(page: Page, user: string, password: string, from = '/sign-in'): Promise<void> {
  await page.goto(from);
  await page.fill('input[name=user]', user);
  await page.fill('input[name=password]', password);
  await leaveBy(page, () => page.click('.sign-in button[type=submit]'));
}

/** Does what leads to another page, or to the same one again, and waits until that is there. */
export async function leaveBy(page: Page, act: () => Promise<unknown>): Promise<void> {
  await Promise.all([page.waitForEvent('load'), act()]);
}

/** The text of the page beside its menu and its foot. */
export function mainOf(page: Page): Promise<string> {
  return page.innerText('main');
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Fails with what axe-core finds wrong with the page (WCAG 2.2 A and AA, and its best practices). */
export async function expectAccessible(page: Page): Promise<void> {
  expect(await violationsOf(page), `accessibility of ${page.url()}`).toEqual([]);
}

/** The policy of the pages keeps scripts of others out, so that axe-core is run from outside. */
async function violationsOf(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary)))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  const value: unknown = result.value;
  return Array.isArray(value) ? value.map(String) : [`axe-core did not run: ${JSON.stringify(result)}`];
}
