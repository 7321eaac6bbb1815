import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Descriptor } from '../../src/images/model/descriptor.ts';
import {
  BROWSER,
  mainOf,
  signInAt,
  startBrowser,
  type OpenBrowser,
  type Window,
} from '../support/browser.ts';
import { tarOf } from '../support/image-content.ts';
import { startPageGate, untilShown, type PageGate } from '../support/page-gate.ts';
import { HOSTILE, putArtifact, putImage, registryOf } from '../support/page-images.ts';
import { pushBytes } from '../support/push-image.ts';
import { describeWith } from '../support/requires.ts';
import { TEST_PASSWORD } from '../support/test-gate.ts';

/** Each would call a script, or fetch something, if a browser took it for more than text. */
const TRAPS = [
  HOSTILE.markup,
  '"><svg onload=alert(3)><iframe srcdoc="<script>parent.alert(4)</script>">',
  '</textarea></title></style></script><base href="https://evil.invalid/"><meta http-equiv=refresh content=0>',
  'javascript:alert(5)',
  'https://evil.invalid/pixel.png',
  '<link rel=stylesheet href="https://evil.invalid/a.css"><form action="https://evil.invalid/"><button autofocus>',
] as const;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(6)"><script>alert(7)</script></svg>`;
const PAGE = `<!doctype html><title>evil</title>${TRAPS.join('')}`;

/** What a page must not hold, whoever wrote it: elements that only an image could have brought. */
const FOREIGN = [
  'iframe',
  'img',
  'base',
  'object',
  'embed',
  'meta[http-equiv]',
  'link[href*=evil]',
  '[onload]',
  '[onerror]',
  'a[href^="javascript:"]',
  '[href*="evil.invalid"]',
  '[src*="evil.invalid"]',
  '[action*="evil.invalid"]',
  'main script',
  'main style',
].join(', ');

/** Characters that turn the order of others, or that nobody sees (Unicode, "Bidi_Control"; ZWSP, BOM, DEL). */
const UNSEEN = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u007f]/;

let browser: OpenBrowser;
let shown: PageGate;
let window: Window;
/** The addresses that hold a digest. */
let digests: Readonly<Record<string, string>>;

async function pushTraps(): Promise<void> {
  const registry = registryOf(shown.gate);
  const evil = registry.repository('open/evil');
  const texts = Object.fromEntries(TRAPS.map((trap, at) => [`${at}${trap}`, trap]));
  const turned = `${HOSTILE.turned}\u2066\u200b`;
  const layers = [
    await tarOf([
      { name: 'page.html', text: PAGE },
      { name: 'picture.svg', text: SVG },
      { name: turned, text: HOSTILE.turned },
      { name: '<img src=x onerror=alert(8)>', text: TRAPS.join('\n') },
    ]),
  ];
  const config = {
    author: TRAPS[0],
    config: {
      Env: TRAPS.map((trap, at) => `E${at}=${trap}`),
      Cmd: [...TRAPS, turned],
      Entrypoint: [TRAPS[1]],
      User: TRAPS[0],
      WorkingDir: TRAPS[2],
      Labels: {
        ...texts,
        long: HOSTILE.long,
        turned,
        'org.opencontainers.image.source': 'javascript:alert(9)',
        'org.opencontainers.image.url': 'https://evil.invalid/',
      },
    },
    history: [{ created_by: `RUN /bin/sh -c ${TRAPS.join(' ')} ${turned} # buildkit`, comment: TRAPS[0] }],
  };
  const image = await putImage(evil, { layers, config, tags: ['1'] });
  await putImage(evil, { layers, config: { ...config, author: turned }, tags: ['2'] });
  const attach = async (type: string, text: string): Promise<Descriptor> =>
    putArtifact(evil, {
      artifactType: type,
      layers: [await pushBytes(evil, Buffer.from(text), type)],
      subject: image,
      annotations: { ...texts, turned, 'org.opencontainers.image.title': TRAPS[0] },
    });
  const sbom = await attach(
    'application/spdx+json',
    JSON.stringify({
      spdxVersion: 'SPDX-2.3',
      name: TRAPS[0],
      packages: TRAPS.map((name) => ({ name, turned })),
    }),
  );
  const svg = await attach('image/svg+xml', SVG);
  const page = await attach('text/html', PAGE);
  const picture = await pushBytes(evil, Buffer.from(SVG), 'image/svg+xml');
  await putArtifact(evil, {
    artifactType: 'text/html',
    layers: [picture],
    annotations: { ...texts, 'org.opencontainers.image.title': TRAPS[1] },
    tags: ['artifact'],
  });
  await registry.close();
  digests = {
    SBOM: `/r/open/evil/-/referrer/${sbom.digest.text}`,
    SVG: `/r/open/evil/-/referrer/${svg.digest.text}`,
    HTML: `/r/open/evil/-/referrer/${page.digest.text}`,
    blob: `/v2/open/evil/blobs/${picture.digest.text}`,
  };
}

describeWith([BROWSER], 'what an image says of itself', () => {
  beforeAll(async () => {
    browser = await startBrowser();
    shown = await startPageGate();
    await pushTraps();
    await untilShown(shown, { '/r/open/evil': 'value="artifact"' });
    window = await browser.open(shown.base);
    await signInAt(window.page, 'alice', TEST_PASSWORD);
  });

  afterAll(async () => {
    await window?.close();
    await browser?.close();
    await shown?.close();
  });

  it.each([
    ['the repository', '/r/open/evil', 'artifact'],
    ['the image', '/r/open/evil/-/image/1', TRAPS[0]],
    ['an artifact', '/r/open/evil/-/image/artifact', TRAPS[1]],
    ['an SBOM', 'SBOM', TRAPS[0]],
    ['an SVG', 'SVG', 'alert(7)'],
    ['a page', 'HTML', '<title>evil</title>'],
    ['a comparison', '/r/open/evil/-/compare?a=1&b=2', 'evil'],
    ['the files', '/r/open/evil/-/files/1', '<img src=x onerror=alert(8)>'],
    ['a file of HTML', '/r/open/evil/-/files/1?path=/page.html', '<title>evil</title>'],
    ['a file of SVG', '/r/open/evil/-/files/1?path=/picture.svg', 'alert(7)'],
    ['a summary of a removal', '/r/open/evil/-/remove?tag=1', 'Remove 1 tag'],
    ['a search', `/?search=${encodeURIComponent(TRAPS[0])}`, TRAPS[0]],
    ['a search for tags', `/r/open/evil?search=${encodeURIComponent(TRAPS[1])}`, TRAPS[1]],
    ['a question about rights', `/users?view=rights&who=${encodeURIComponent(TRAPS[1])}`, ''],
    ['a filter of the activity', `/activity?user=${encodeURIComponent(TRAPS[1])}`, ''],
    ['a notice that there is none of', `/account?done=${encodeURIComponent(TRAPS[0])}`, 'alice'],
  ])('is text in %s', async (_name, address, words) => {
    const { page, noise } = window;
    const path = digests[address] ?? address;
    await page.goto(path);
    await page.locator('main:not(:has(.state progress))').waitFor();
    const text = await mainOf(page);
    expect(text).toContain(words);
    const found = `[...document.querySelectorAll(${JSON.stringify(FOREIGN)})].map((it) => it.outerHTML)`;
    expect(await page.evaluate(found)).toEqual([]);
    expect(UNSEEN.exec(text)).toBeNull();
    expect(await page.title()).not.toMatch(/^evil/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1280);
    expect(noise).toEqual([]);
  });

  it('is saved, and not shown, at the address of a blob', async () => {
    await expect(window.page.goto(digests['blob'] ?? '')).rejects.toThrow(/Download is starting|ERR_ABORTED/);
  });

  it('would be heard if it ran, or fetched something', async () => {
    const own = await browser.open(shown.base);
    await own.page.goto('/');
    await own.page.evaluate(
      "document.body.append(Object.assign(new Image(), { src: 'https://evil.invalid/pixel.png' }))",
    );
    const markup = "document.body.insertAdjacentHTML('beforeend', '<b onclick=alert(1)>')";
    await expect(own.page.evaluate(markup)).rejects.toThrow('TrustedHTML');
    await expect
      .poll(() => own.noise.join('\n'))
      .toMatch(/error: [^\n]*https:\/\/evil\.invalid\/pixel\.png[^]*error: [^\n]*TrustedHTML/);
    await own.close();
  });
});
