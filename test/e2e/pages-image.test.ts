import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Descriptor } from '../../src/images/model/descriptor.ts';
import { BROWSER, expectAccessible, startBrowser, type OpenBrowser } from '../support/browser.ts';
import { tarOf } from '../support/image-content.ts';
import { PageClient, type PageReply } from '../support/page-client.ts';
import { HOSTILE, putArtifact, putImage, putPlatforms, registryOf } from '../support/page-images.ts';
import { pushBytes } from '../support/push-image.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const ACCESS = `rules:
  - { who: anonymous, repositories: "open/**", allow: pull }
  - { who: alice, repositories: "**", allow: [pull, push, delete] }
`;

const getPage = (gate: TestGate, path: string): Promise<PageReply> => new PageClient(gate).get(path);

/** Asks until the layers have been read: each answer takes as long as the gate waits for them. */
async function getFiles(gate: TestGate, path: string): Promise<PageReply> {
  for (;;) {
    const reply = await getPage(gate, path);
    if (reply.headers['refresh'] === undefined) return reply;
  }
}

interface Filled {
  readonly gate: TestGate;
  readonly index: Descriptor;
  readonly sbom: Descriptor;
  readonly signature: Descriptor;
  close(): Promise<void>;
}

/** Starts a gate in front of one of the registries, and pushes what the pages show. */
async function fill(backend: string, folder: Folder): Promise<Filled> {
  const access = join(folder.path, 'access.yml');
  await writeFile(access, ACCESS);
  const gate = await startTestGate({ backend, config: { access, pages: 'on' } });
  const registry = registryOf(gate);
  const app = registry.repository('open/app');
  const layers = [Buffer.alloc(512), Buffer.alloc(1024)];
  const config = {
    config: {
      Env: ['PATH=/bin', `EVIL=${HOSTILE.markup}`],
      Cmd: ['/app', HOSTILE.turned],
      Labels: { long: HOSTILE.long, [HOSTILE.markup]: 'x' },
      ExposedPorts: { '80/tcp': {} },
      Healthcheck: { Test: ['CMD-SHELL', 'curl localhost'], Interval: 30e9, Retries: 3 },
    },
    history: [
      { created: '2026-01-02T03:04:05Z', created_by: '/bin/sh -c #(nop) ADD file:0123456789abcdef in / ' },
      { created_by: '/bin/sh -c #(nop)  ENV PATH=/bin', empty_layer: true },
      { created_by: `RUN /bin/sh -c echo ${HOSTILE.markup} # buildkit` },
    ],
  };
  await putImage(app, { layers, config, tags: ['1'] });
  await putImage(app, { layers: [layers[0] ?? Buffer.alloc(0), Buffer.alloc(2048)], tags: ['2'] });
  const index = await putPlatforms(app, ['multi']);
  const bytes = Buffer.from(JSON.stringify({ spdxVersion: 'SPDX-2.3', name: HOSTILE.markup }));
  const sbom = await putArtifact(app, {
    artifactType: 'application/spdx+json',
    layers: [await pushBytes(app, bytes, 'application/spdx+json')],
    subject: index,
  });
  const signature = await putArtifact(app, {
    artifactType: 'application/vnd.cncf.notary.signature',
    layers: [await pushBytes(app, Buffer.from([0, 1, 2, 255]), 'application/cose')],
    subject: sbom,
  });
  const chart = registry.repository('open/chart');
  await putArtifact(chart, {
    config: await pushBytes(chart, Buffer.from('{"name":"web"}'), 'application/vnd.cncf.helm.config.v1+json'),
    layers: [await pushBytes(chart, Buffer.from('x'), 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')],
    annotations: { 'org.opencontainers.image.title': 'web', 'org.opencontainers.image.version': '1.4.0' },
    tags: ['1.4.0'],
  });
  const lower = await tarOf([
    { name: 'etc/gone.conf', text: 'gone' },
    { name: 'etc/app.conf', text: 'before' },
  ]);
  const upper = await tarOf([
    { name: 'etc/.wh.gone.conf', text: '' },
    { name: 'etc/app.conf', text: HOSTILE.markup },
  ]);
  await putImage(registry.repository('open/files'), { layers: [lower, upper], tags: ['1'] });
  await putImage(registry.repository('closed/app'), { layers, tags: ['1'] });
  await registry.close();
  return { gate, index, sbom, signature, close: () => gate.close() };
}

const PLACES: readonly {
  readonly name: string;
  readonly open: (folder: Folder) => Promise<{ readonly backend: string; close(): Promise<void> }>;
}[] = [
  {
    name: 'docker-registry',
    open: async () => {
      const { url, close } = await startRegistry();
      return { backend: url, close };
    },
  },
  {
    name: 'the embedded registry',
    open: async (folder) => ({
      backend: `embedded:${join(folder.path, 'data')}`,
      close: async () => undefined,
    }),
  },
];

describeWith(['docker-registry'], 'the pages of an image', () => {
  describe.each(PLACES)('in front of $name', ({ open }) => {
    let filled: Filled;
    let place: Awaited<ReturnType<typeof open>>;
    let folder: Folder;
    beforeAll(async () => {
      folder = await temporaryFolder('pages-image');
      place = await open(folder);
      filled = await fill(place.backend, folder);
    });
    afterAll(async () => {
      await filled?.close();
      await place?.close();
      await folder?.close();
    });

    it('show how it was built and how it starts, all as text', async () => {
      const { status, headers, body } = await getPage(filled.gate, '/r/open/app/-/image/1');
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(body).toContain('<b>RUN</b> echo &lt;script&gt;alert(1)&lt;/script&gt;');
      expect(body).toContain('<b>ENV</b> PATH=/bin');
      expect(body).toContain('--interval=30s --retries=3 CMD curl localhost');
      expect(body).toContain('invoice‹U+202E›xcod.exe');
      expect(body).toContain('1 MB in all');
      expect(body.length).toBeLessThan(100_000);
      expect(body).not.toMatch(/<script>|<img/);
      expect(body.match(/<rect class="layer/g)?.length).toBeGreaterThanOrEqual(2);
      expect(body).toContain('href="#layer-2"');
      expect(body).toContain('id="layer-2"');
    });

    it('fold attestations under their platform, and referrers under what they refer to', async () => {
      const { gate, sbom, signature } = filled;
      const { body } = await getPage(gate, '/r/open/app/-/image/multi?platform=linux/arm64');
      expect(body).toMatch(/linux\/amd64\s*<\/bdi>[^]{0,200}1 attestation/);
      expect(body).not.toContain('unknown/unknown');
      expect(body).toMatch(/aria-current="true"\s*>\s*<bdi>linux\/arm64/);
      const [above, below] = [sbom, signature].map(({ digest }) => `/referrer/${digest.text}"`);
      expect(body.indexOf(above ?? '')).toBeGreaterThan(0);
      expect(body.indexOf(below ?? '')).toBeGreaterThan(body.indexOf(above ?? ''));
    });

    it('show what refers to it as text', async () => {
      const { gate, sbom, signature, index } = filled;
      const { body } = await getPage(gate, `/r/open/app/-/referrer/${sbom.digest.text}`);
      expect(body).toContain('&quot;spdxVersion&quot;: &quot;SPDX-2.3&quot;');
      expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(body).toContain(`/image/${index.digest.text}"`);
      expect(body).not.toMatch(/<script>|<img/);
      const other = await getPage(gate, `/r/open/app/-/referrer/${signature.digest.text}`);
      expect(other.body).toContain('00 01 02 ff');
    });

    it('say what an artifact is', async () => {
      const { body } = await getPage(filled.gate, '/r/open/chart/-/image/1.4.0');
      expect(body).toContain('Helm chart');
      expect(body).toContain('web 1.4.0');
      expect(body).not.toContain('docker pull');
    });

    it('compare two', async () => {
      const { body } = await getPage(filled.gate, '/r/open/app/-/compare?a=1&b=2');
      expect(body).toMatch(/A machine that has app:1 fetches \d+ B of \d+ B for app:2\./);
      expect(body.match(/<svg class="layer-bar"/g)).toHaveLength(2);
      expect(body).toContain('in both: ');
      expect(body).toMatch(/Environment <code><bdi>EVIL<\/bdi><\/code>[^]{0,200}removed/);
      const same = await getPage(filled.gate, '/r/open/app/-/compare?a=1&b=1');
      expect(same.body).toContain('The two are the same image.');
      const form = await getPage(filled.gate, '/r/open/app/-/compare');
      expect(form.body).toContain('<option value="multi">');
    });

    it('list the files, and what a later layer hid', async () => {
      const files = (query: string): Promise<PageReply> =>
        getFiles(filled.gate, `/r/open/files/-/files/1${query}`);
      const { body } = await files('?path=/etc');
      expect(body).toContain('>app.conf</bdi>');
      expect(body).not.toContain('gone.conf');
      expect((await files('?path=/etc&hidden=1')).body).toMatch(/gone\.conf[^]{0,200}removed by layer 2/);
      const file = await files('?path=/etc/app.conf');
      expect(file.body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(file.headers['content-type']).toBe('text/html; charset=utf-8');
      expect((await files('?path=/none')).status).toBe(404);
      const chart = await getPage(filled.gate, '/r/open/chart/-/files/1.4.0');
      expect(chart.body).toContain('It is no container image.');
    });

    it.each([
      ['a tag that there is not', '/r/open/app/-/image/none'],
      ['what is no tag', '/r/open/app/-/image/-none'],
      ['a platform that there is not', '/r/open/app/-/image/multi?platform=windows/amd64'],
      ['another repository', '/r/closed/app/-/image/1'],
      ['the files of another repository', '/r/closed/app/-/files/1'],
      ['another repository, compared', '/r/closed/app/-/compare?a=1&b=1'],
      ['a referrer by a tag', '/r/open/app/-/referrer/1'],
      ['a referrer that there is not', `/r/open/app/-/referrer/sha256:${'0'.repeat(64)}`],
    ])('are not there for %s', async (_name, path) => {
      const { status } = await getPage(filled.gate, path);
      // Who is not signed in is asked to, whether or not there is something.
      expect([303, 404]).toContain(status);
    });

    it('refuse what is no platform', async () => {
      const { status } = await getPage(filled.gate, '/r/open/app/-/image/multi?platform=%3Cb%3E');
      expect(status).toBe(400);
    });
  });
});

describeWith([BROWSER], 'the pages of an image in a browser', () => {
  let browser: OpenBrowser;
  let filled: Filled;
  let folder: Folder;
  beforeAll(async () => {
    folder = await temporaryFolder('pages-image-browser');
    filled = await fill(`embedded:${join(folder.path, 'data')}`, folder);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await filled?.close();
    await folder?.close();
  });

  it.each([
    { language: 'en', theme: 'light', width: 1280 },
    { language: 'ko', theme: 'dark', width: 390 },
  ] as const)('are quiet and accessible: $language, $theme, $width', async (options) => {
    await getFiles(filled.gate, '/r/open/files/-/files/1?path=/etc/app.conf');
    const { page, noise, close } = await browser.open(`https://127.0.0.1:${filled.gate.port}`, options);
    for (const path of [
      '/r/open/app/-/image/1',
      '/r/open/app/-/image/multi',
      '/r/open/chart/-/image/1.4.0',
      `/r/open/app/-/referrer/${filled.sbom.digest.text}`,
      '/r/open/app/-/compare?a=1&b=2',
      '/r/open/files/-/files/1?path=/etc&hidden=1',
      '/r/open/files/-/files/1?path=/etc/app.conf',
    ]) {
      await page.goto(path);
      await expectAccessible(page);
      const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect({ path, wide }).toEqual({ path, wide: 0 });
    }
    expect(noise).toEqual([]);
    await close();
  });

  it('lead from a layer of the picture to its row', async () => {
    const { page, close } = await browser.open(`https://127.0.0.1:${filled.gate.port}`, { script: false });
    await page.goto('/r/open/app/-/image/1');
    await page.click('a[href="#layer-2"]');
    expect(await page.locator('tr:target').getAttribute('id')).toBe('layer-2');
    await close();
  });
});
