import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENTS } from '../../src/pages/connect/clients.ts';
import {
  BROWSER,
  expectAccessible,
  mainOf,
  signInAt,
  startBrowser,
  type OpenBrowser,
  type Window,
  type WindowOptions,
} from '../support/browser.ts';
import {
  pushShownThings,
  startPageGate,
  untilShown,
  type PageGate,
  type ShownThings,
} from '../support/page-gate.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { TEST_PASSWORD } from '../support/test-gate.ts';

/** A page, and what stands on it in either language. */
interface Shown {
  readonly name: string;
  readonly path: string | ((things: ShownThings) => string);
  readonly words: RegExp;
  readonly status?: number;
}

const APP = '/r/team/app';

/** Every page, in each of its states. */
const PAGES: readonly Shown[] = [
  { name: 'the start', path: '/', words: /team\// },
  { name: 'a folder', path: '/?folder=team', words: /app[^]*web/ },
  { name: 'a folder that is empty', path: '/?folder=none', words: /none/ },
  { name: 'what a search found', path: '/?search=app', words: /team\/app/ },
  { name: 'what no search found', path: '/?search=nothing-of-it', words: /nothing-of-it/ },
  { name: 'a repository', path: APP, words: /1\.10\.0[^]*1\.9\.3/ },
  { name: 'tags by size', path: `${APP}?sort=-size`, words: /1\.10\.0/ },
  { name: 'the tags of no search', path: `${APP}?search=nothing`, words: /nothing/ },
  { name: 'a chart', path: '/r/charts/web', words: /helm[^]*1\.4\.0/ },
  { name: 'a summary of a removal', path: `${APP}/-/remove?tag=1.2.0`, words: /1\.2\.0/ },
  { name: 'the manifests without a tag', path: `${APP}/-/untagged`, words: /./ },
  { name: 'an image', path: `${APP}/-/image/1.10.0`, words: /\/app\/run[^]*8080\/tcp/ },
  {
    name: 'an image by its digest',
    path: ({ image }) => `${APP}/-/image/${image.digest.text}`,
    words: /VERSION/,
  },
  { name: 'an image of two platforms', path: '/r/team/web/-/image/2.0', words: /linux\/arm64/ },
  { name: 'a chart by itself', path: '/r/charts/web/-/image/1.4.0', words: /helm pull oci:/ },
  { name: 'an SBOM', path: ({ sbom }) => `${APP}/-/referrer/${sbom.digest.text}`, words: /express/ },
  { name: 'the form of a comparison', path: `${APP}/-/compare`, words: /./ },
  { name: 'a comparison', path: `${APP}/-/compare?a=1.9.0&b=1.10.0`, words: /1\.9\.0[^]*1\.10\.0/ },
  { name: 'the files of an image', path: `${APP}/-/files/1.10.0`, words: /etc/ },
  { name: 'what layers hid', path: `${APP}/-/files/1.10.0?path=/etc&hidden=1`, words: /gone\.conf/ },
  { name: 'a file', path: `${APP}/-/files/1.10.0?path=/etc/app.conf`, words: /listen 8080/ },
  { name: 'no files', path: '/r/charts/web/-/files/1.4.0', words: /1\.4\.0/ },
  { name: 'the space', path: '/space', words: /team\/app/ },
  { name: 'the space of tags', path: '/space?repository=team/app', words: /1\.10\.0/ },
  { name: 'the account', path: '/account', words: /alice/ },
  { name: 'the users', path: '/users', words: /carol/ },
  { name: 'a user', path: '/users?user=bob', words: /bob/ },
  { name: 'the tokens of machines', path: '/users?view=tokens', words: /./ },
  { name: 'the form of rights', path: '/users?view=rights', words: /./ },
  {
    name: 'an answer about rights',
    path: '/users?view=rights&who=bob&repository=team/app',
    words: /bob · team\/app/,
  },
  { name: 'the rights in a repository', path: '/users?view=rights&repository=team/app', words: /bob/ },
  { name: 'the rules', path: '/users?view=rules', words: /team\/\*\*/ },
  { name: 'the activity', path: '/activity', words: /team\/app/ },
  { name: 'refused sign-ins', path: '/activity?kind=refused', words: /./ },
  { name: 'the health', path: '/health', words: /v\d+\.\d+/ },
  ...CLIENTS.map((client) => ({
    name: `how to connect ${client}`,
    path: `/connect?client=${client}`,
    words: /127\.0\.0\.1/,
  })),
  { name: 'the form to sign in', path: '/sign-in', words: /alice/ },
  { name: 'what is not there', path: '/r/team/none', words: /./, status: 404 },
  {
    name: 'what does not work',
    path: '/r/team/web/-/image/2.0?platform=%3Cb%3E',
    words: /./,
    status: 400,
  },
];

/** The width of the page when what it shows has grown older, which takes more letters. */
const WIDTH_LATER = `document.querySelectorAll('time').forEach((it) => { it.textContent = '59 minutes ago'; });
  document.documentElement.scrollWidth`;

/** Windows of which each shows all pages. */
const LOOKS: readonly (WindowOptions & { readonly language: 'en' | 'ko'; readonly width: number })[] = [
  { language: 'en', theme: 'light', width: 1280 },
  { language: 'en', theme: 'dark', width: 390 },
  { language: 'ko', theme: 'dark', width: 1280 },
  { language: 'ko', theme: 'light', width: 390 },
  { language: 'en', theme: 'light', width: 320, script: false },
];

interface Place {
  readonly backend?: string;
  close(): Promise<void>;
}

const PLACES: readonly {
  readonly name: string;
  readonly looks: typeof LOOKS;
  readonly open: () => Promise<Place>;
}[] = [
  { name: 'the embedded registry', looks: LOOKS, open: async () => ({ close: async () => undefined }) },
  {
    name: 'docker-registry',
    // What stands behind the gate changes what pages say, and not how they look.
    looks: LOOKS.slice(0, 1),
    open: async () => {
      const { url, close } = await startRegistry();
      return { backend: url, close };
    },
  },
];

/** Looks at the page until what is read in the background has been read. */
async function openWhole(window: Window, path: string): Promise<number | undefined> {
  for (;;) {
    const answer = await window.page.goto(path);
    if (answer?.headers()['refresh'] === undefined) return answer?.status();
    await window.page.waitForEvent('load');
    if ((await window.page.locator('.state progress').count()) === 0) return answer.status();
  }
}

describeWith([BROWSER, 'docker-registry'], 'every page', () => {
  describe.each(PLACES)('before $name', ({ open, looks }) => {
    let place: Place;
    let browser: OpenBrowser;
    let shown: PageGate;
    let things: ShownThings;

    beforeAll(async () => {
      place = await open();
      browser = await startBrowser();
      shown = await startPageGate(place);
      things = await pushShownThings(shown);
      await untilShown(shown, { [APP]: 'value="1.2.0"', '/space': 'charts/web' });
    });

    afterAll(async () => {
      await browser?.close();
      await shown?.close();
      await place?.close();
    });

    describe.each(looks)('in $language, $theme, $width wide, script: $script', (look) => {
      let window: Window;
      beforeAll(async () => {
        window = await browser.open(shown.base, look);
        await signInAt(window.page, 'alice', TEST_PASSWORD);
      });
      afterAll(() => window.close());

      it.each(PAGES)('$name: is there, accessible, quiet and no wider than the window', async (one) => {
        const { page, noise } = window;
        const path = typeof one.path === 'string' ? one.path : one.path(things);
        const before = noise.length;
        const status = await openWhole(window, path);
        const text = await mainOf(page);
        expect(status).toBe(one.status ?? 200);
        expect(await page.getAttribute('html', 'lang')).toBe(look.language);
        expect(await page.locator('h1').count()).toBe(1);
        expect(await page.title()).toContain(new URL(shown.base).host);
        // A status of 400 and more is told by the browser itself.
        const told = noise.slice(before).filter((line) => !/status of 4\d\d/.test(line));
        expect(told).toEqual([]);
        expect({ korean: /[가-힣]/.test(text) }).toEqual({ korean: look.language === 'ko' });
        expect(text).toMatch(one.words);
        expect(await page.evaluate(WIDTH_LATER)).toBe(look.width);
        if (look.script !== false) await expectAccessible(page);
      });
    });
  });
});
