import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startBrowser, signInAt, type OpenBrowser, type WindowOptions } from '../test/support/browser.ts';
import { temporaryFolder } from '../test/support/programs.ts';
import { startShownRegistry, type ShownRegistry } from './shown-registry.ts';

const USAGE = `node bench/screenshots.ts [--into FOLDER] [--all]

Makes a registry of an invented shop, starts a gate in front of it, and takes the pictures of docs/pages.md with Chromium.

--into  where the pictures go: docs/pages
--all   takes every page instead, light and dark, wide and narrow, in English and in Korean`;

const HOST = 'https://registry.lan';

interface Picture extends WindowOptions {
  readonly name: string;
  readonly path: string;
}

const SHOP = '/r/team/shop';
const PICTURES: readonly Picture[] = [
  { name: 'repositories', path: '/?folder=team', height: 640 },
  { name: 'repository', path: SHOP, height: 800 },
  { name: 'image-dark', path: `${SHOP}/-/image/1.10.1`, theme: 'dark', height: 1010 },
  { name: 'files', path: `${SHOP}/-/files/1.10.1?path=/app`, height: 560 },
  { name: 'space-ko', path: '/space', language: 'ko', height: 660 },
  { name: 'phone', path: SHOP, width: 390, height: 780 },
];

function everyPage({ shop }: ShownRegistry): readonly Picture[] {
  const pages = {
    repositories: '/',
    folder: '/?folder=team',
    search: '/?search=sho',
    'search-none': '/?search=nothing-has-this-name',
    'folder-none': '/?folder=empty',
    repository: SHOP,
    chart: '/r/charts/shop',
    remove: `${SHOP}/-/remove?tag=1.8.0&tag=latest`,
    image: `${SHOP}/-/image/1.10.1`,
    'image-chart': '/r/charts/shop/-/image/1.4.0',
    referrer: `${SHOP}/-/referrer/${shop.digest.text}`,
    compare: `${SHOP}/-/compare?a=1.9.3&b=1.10.2`,
    files: `${SHOP}/-/files/1.10.2?path=/app`,
    file: `${SHOP}/-/files/1.10.2?path=/app/package.json`,
    'file-binary': `${SHOP}/-/files/1.10.2?path=/usr/bin/perl`,
    space: '/space',
    'space-tags': '/space?repository=team/shop',
    account: '/account',
    users: '/users',
    user: '/users?user=jonas',
    tokens: '/users?view=tokens',
    rights: '/users?view=rights&who=jonas&action=push&repository=team/shop',
    rules: '/users?view=rules',
    activity: '/activity',
    health: '/health',
    connect: '/connect',
    'not-found': '/r/team/none',
  };
  const looks: readonly WindowOptions[] = [
    { language: 'en', theme: 'light' },
    { language: 'ko', theme: 'dark' },
    { language: 'ko', theme: 'light', width: 390 },
    { language: 'en', theme: 'dark', width: 390 },
  ];
  return looks.flatMap((look) =>
    Object.entries(pages).map(([name, path]) => ({
      ...look,
      name: [name, look.language, look.theme, look.width ?? 1280].join('-'),
      path,
    })),
  );
}

/** Takes the pictures of one look in one session. */
async function take(
  browser: OpenBrowser,
  shown: ShownRegistry,
  pictures: readonly Picture[],
  into: string,
): Promise<void> {
  for (const group of Map.groupBy(
    pictures,
    ({ language, theme, width }) => `${language} ${theme} ${width}`,
  ).values()) {
    const [{ language = 'en', theme = 'light', width = 1280 } = {}] = group;
    const { page, close } = await browser.open(HOST, { language, theme, width });
    if (group.every(({ height }) => height === undefined)) {
      await page.goto('/sign-in');
      await page.screenshot({ path: join(into, `sign-in-${language}-${theme}-${width}.png`) });
    }
    await signInAt(page, shown.user, shown.password);
    for (const { name, path, height } of group) {
      await page.setViewportSize({ width, height: height ?? 900 });
      await page.goto(path);
      // While layers are read, the page of files comes back by itself.
      await page.locator('main:not(:has(.state progress))').waitFor();
      const file = join(into, `${name}.png`);
      await page.screenshot({ path: file, fullPage: height === undefined });
      console.log(`${file}: ${Math.ceil((await stat(file)).size / 1024)} KB`);
    }
    await close();
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      into: { type: 'string', default: resolve(import.meta.dirname, '../docs/pages') },
      all: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  await mkdir(values.into, { recursive: true });
  const folder = await temporaryFolder('screenshots');
  const shown = await startShownRegistry(folder.path);
  const browser = await startBrowser([
    `--host-resolver-rules=MAP registry.lan:443 127.0.0.1:${shown.gate.port}`,
  ]);
  try {
    await take(browser, shown, values.all ? everyPage(shown) : PICTURES, values.into);
  } finally {
    await browser.close();
    await shown.gate.close();
    await folder.close();
  }
}

await run(process.argv.slice(2));
