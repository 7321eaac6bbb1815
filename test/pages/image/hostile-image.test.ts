import { describe, expect, it } from 'vitest';
import { makeDescriptor, type Descriptor } from '../../../src/images/model/descriptor.ts';
import { storeManifest } from '../../../src/images/model/manifest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../src/images/model/media-types.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { createImagePages } from '../../support/image-pages.ts';
import { memoryRepository, type MemoryRepository } from '../../support/memory-registry.ts';

/** What a page of the worst image may have, in bytes. A page of an ordinary one has some 40,000. */
const MOST_PAGE_BYTES = 2_000_000;
const ODD = '\u007f\u200b';

function putBlob(repository: MemoryRepository, bytes: Buffer, mediaType: string): Descriptor {
  const digest = digestOf('sha256', bytes);
  repository.blobs.set(digest.text, bytes);
  return makeDescriptor({ mediaType, digest, size: bytes.length });
}

function putManifest(
  repository: MemoryRepository,
  tag: string,
  manifest: string | object,
  mediaType = OCI_MANIFEST,
): string {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify({ schemaVersion: 2, ...manifest });
  const stored = storeManifest(Buffer.from(text), mediaType);
  repository.manifests.set(stored.digest.text, stored);
  repository.tags.set(tag, stored.digest.text);
  return stored.digest.text;
}

interface Image {
  readonly history?: readonly object[];
  readonly config?: object;
  readonly layers?: readonly object[];
  readonly annotations?: object;
}

function putImage(repository: MemoryRepository, tag: string, image: Image): string {
  const { history = [], config = {}, layers = [], annotations = {} } = image;
  const document = { os: 'linux', architecture: 'amd64', config, history };
  const blob = putBlob(repository, Buffer.from(JSON.stringify(document)), OCI_CONFIG);
  return putManifest(repository, tag, { config: blob.json, layers, annotations });
}

/** So many layers, none the same. */
function layersOf(count: number, mediaType = OCI_LAYER, salt = ''): readonly object[] {
  return Array.from({ length: count }, (_, at) => ({
    mediaType,
    digest: digestOf('sha256', Buffer.from(`${salt}${at}`)).text,
    size: 1,
  }));
}

const named = (count: number, value: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`name-${at}`, value]));

describe('the page of a hostile image', () => {
  it.each<readonly [string, Image, string]>([
    ['spaces in a step', { history: [{ created_by: `#${' '.repeat(1_000_000)}x` }] }, 'whole step has 1 MB'],
    [
      'values in a step',
      { history: [{ created_by: `ENV A=b${' '.repeat(1_000_000)}!` }] },
      'whole step has 1 MB',
    ],
    [
      'quotes in a step',
      { history: [{ created_by: `CMD ["${'\\"'.repeat(500_000)}]` }] },
      'whole step has 1 MB',
    ],
    [
      'line ends in a step',
      { history: [{ created_by: `RUN /bin/sh -c ${'#\n'.repeat(500_000)}` }] },
      'whole step',
    ],
    [
      'spaces in a comment',
      { history: [{ created_by: 'x', comment: ' '.repeat(1_000_000) }] },
      '1 MB in all',
    ],
    [
      'long steps',
      { history: Array.from({ length: 500 }, () => ({ created_by: ODD.repeat(4000) })) },
      '‹U+007F›‹U+200B›',
    ],
    [
      'steps of one character',
      { history: Array.from({ length: 500 }, () => ({ created_by: '\u007f'.repeat(7900) })) },
      '‹U+007F ×7900›',
    ],
    ['many steps', { history: Array.from({ length: 20_000 }, () => ({ created_by: 'x' })) }, '19,500'],
    ['many layers', { layers: layersOf(9900) }, '9,900'],
    [
      'variables',
      { config: { Env: Array.from({ length: 200 }, (_, at) => `A${at}=${ODD.repeat(5000)}`) } },
      'in all',
    ],
    [
      'many variables',
      { config: { Env: Array.from({ length: 20_000 }, (_, at) => `A${at}=b`) } },
      'and 19,800 more',
    ],
    ['labels', { config: { Labels: named(200, '"'.repeat(10_000)) } }, '10 kB in all'],
    [
      'ports',
      {
        config: {
          ExposedPorts: Object.fromEntries(
            Array.from({ length: 200 }, (_, at) => [`${at}${ODD.repeat(2000)}`, {}]),
          ),
        },
      },
      'in all',
    ],
    ['a command', { config: { Cmd: [ODD.repeat(1_000_000)] } }, 'in all'],
    ['an annotation', { annotations: { a: '\u007f'.repeat(3_900_000) } }, '3.9 MB in all'],
    ['a moment', { annotations: { 'org.opencontainers.image.created': '0'.repeat(3_000_000) } }, 'created'],
  ])('is of a usual size: %s', async (_name, image, said) => {
    const repository = memoryRepository();
    putImage(repository, 'bad', image);
    const { status, text } = await createImagePages(repository)('/r/team/app/-/image/bad');
    expect(status).toBe(200);
    expect(text).toContain(said);
    expect(Buffer.byteLength(text)).toBeLessThan(MOST_PAGE_BYTES);
  });

  it.each([
    ['of different platforms', (at: number) => `arch${at}`, '?platform=linux%2Farch0"'],
    ['of the same platform', () => 'amd64', 'sha256:'],
  ])('lists 200 of 9,900 entries of an index %s, and the current one', async (_name, architecture, link) => {
    const repository = memoryRepository();
    const digest = putImage(repository, 'one', {});
    const entries = layersOf(9900, OCI_MANIFEST).map((entry, at) => ({
      ...entry,
      ...(at === 9899 ? { digest } : {}),
      platform: { os: 'linux', architecture: at === 9899 ? 'this-one' : architecture(at) },
    }));
    putManifest(repository, 'index', { manifests: entries }, OCI_INDEX);
    const get = createImagePages({ ...repository, listReferrers: async () => [] });
    const { text } = await get('/r/team/app/-/image/index?platform=linux/this-one');
    expect(text.match(/class="choice"/g)).toHaveLength(200);
    expect(text).toContain('and 9,700 more');
    expect(text).toContain(link);
    expect(text).toMatch(/aria-current="true"\s*><bdi>linux\/this-one<\/bdi>/);
    expect(Buffer.byteLength(text)).toBeLessThan(MOST_PAGE_BYTES);
  });

  it('lists 300 attestations of 5,000', async () => {
    const repository = memoryRepository();
    const digest = putImage(repository, 'one', {});
    const attestations = layersOf(5000, OCI_MANIFEST).map((entry) => ({
      ...entry,
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.digest': digest },
    }));
    const image = {
      mediaType: OCI_MANIFEST,
      digest,
      size: 1,
      platform: { os: 'linux', architecture: 'amd64' },
    };
    putManifest(repository, 'index', { manifests: [image, ...attestations] }, OCI_INDEX);
    const { text } = await createImagePages(repository)('/r/team/app/-/image/index');
    expect(text.match(/-\/referrer\//g)).toHaveLength(300);
    expect(text).toContain('notice warn');
  });

  it.each<readonly [string, string]>([
    ['lists in lists', `{"config":${'['.repeat(1_800_000)}${']'.repeat(1_800_000)}}`],
    ['what never ends', `{"x":${'['.repeat(3_800_000)}`],
    ['empty lists', `{"x":[${'[],'.repeat(1_200_000)}0]}`],
    ['numbers', `{"x":[${'1,'.repeat(1_900_000)}1]}`],
  ])('is not made of a manifest of %s', async (_name, manifest) => {
    const repository = memoryRepository();
    const digest = putManifest(repository, 'bad', manifest);
    const get = createImagePages(repository);
    for (const target of ['image/bad', `referrer/${digest}`, 'compare?a=bad&b=bad']) {
      const { status, text } = await get(`/r/team/app/-/${target}`);
      expect(status).toBe(422);
      expect(text).toContain('too many entries');
      expect(text.length).toBeLessThan(5000);
    }
  });

  it('is not made of a config that lies deep', async () => {
    const repository = memoryRepository();
    const bytes = Buffer.from(`{"x":${'['.repeat(3_000_000)}${']'.repeat(3_000_000)}}`);
    const config = putBlob(repository, bytes, OCI_CONFIG);
    putManifest(repository, 'bad', { config: config.json, layers: [] });
    expect((await createImagePages(repository)('/r/team/app/-/image/bad')).status).toBe(422);
  });

  it('compares images of many layers and settings', async () => {
    const repository = memoryRepository();
    const config = (value: string): object => ({ Labels: named(2000, value) });
    putImage(repository, 'a', { layers: layersOf(9900), config: config(ODD.repeat(500)) });
    putImage(repository, 'b', { layers: layersOf(9900, OCI_LAYER, 'b'), config: config('"'.repeat(1000)) });
    const { status, text } = await createImagePages(repository)('/r/team/app/-/compare?a=a&b=b');
    expect(status).toBe(200);
    expect(text).toContain('19,800');
    expect(Buffer.byteLength(text)).toBeLessThan(MOST_PAGE_BYTES);
  });
});

describe('the page of a hostile referrer', () => {
  it.each<readonly [string, readonly string[], object]>([
    ['one character', Array(4).fill('\u007f'.repeat(1_000_000)), {}],
    ['odd characters in turn', Array(4).fill(ODD.repeat(200_000)), {}],
    ['JSON', Array(4).fill(JSON.stringify({ list: Array(90_000).fill('"') })), {}],
    ['JSON that lies deep', Array(4).fill('['.repeat(500_000) + ']'.repeat(500_000)), {}],
    [
      'a statement of many subjects',
      [
        JSON.stringify({
          _type: 'https://in-toto.io/Statement/v1',
          predicateType: ODD.repeat(10_000),
          subject: Array.from({ length: 9000 }, () => ({
            name: ODD.repeat(30),
            digest: named(3, ODD.repeat(5)),
          })),
        }),
      ],
      {},
    ],
    ['its manifest', [], { annotations: { a: '\u007f'.repeat(3_900_000) } }],
    ['its type', [], { artifactType: ODD.repeat(500_000) }],
    ['many annotations', [], { annotations: named(15_000, '"'.repeat(200)) }],
  ])('is of a usual size: %s', async (_name, texts, document) => {
    const repository = memoryRepository();
    const layers = texts.map((text) => putBlob(repository, Buffer.from(text), 'application/json').json);
    const config = putBlob(repository, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json').json;
    const digest = putManifest(repository, 'bad', { config, layers, ...document });
    const { status, text } = await createImagePages(repository)(`/r/team/app/-/referrer/${digest}`);
    expect(status).toBe(200);
    expect(Buffer.byteLength(text)).toBeLessThan(MOST_PAGE_BYTES);
  });

  it('shows the next part of a blob, of the statement in it and of the manifest', async () => {
    const repository = memoryRepository();
    const statement = { _type: 'https://in-toto.io/Statement/v1', note: `${'x'.repeat(70_000)}the end` };
    const payload = Buffer.from(JSON.stringify(statement)).toString('base64');
    const envelope = JSON.stringify({ payload, signature: `${'y'.repeat(70_000)}the last` });
    const blob = putBlob(repository, Buffer.from(envelope), 'application/json');
    const other = putBlob(repository, Buffer.from('another blob'), 'text/plain');
    const config = putBlob(repository, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json').json;
    const annotations = { long: `${'z'.repeat(70_000)}the bottom` };
    const digest = putManifest(repository, 'big', { config, layers: [blob.json, other.json], annotations });
    const get = createImagePages(repository);
    const base = `/r/team/app/-/referrer/${digest}`;
    const first = await get(base);
    expect(first.text).toContain('another blob');
    expect(first.text).not.toMatch(/the (?:end|last|bottom)/);
    const addresses = [...first.text.matchAll(/href="([^"]*part=2)"/g)].map(([, path = '']) =>
      path.replaceAll('&amp;', '&'),
    );
    expect(addresses).toHaveLength(3);
    const next = await Promise.all(addresses.map((address) => get(address)));
    expect(next.map(({ text }) => /the (?:end|bottom)/.exec(text)?.[0])).toEqual([
      'the end',
      undefined,
      'the bottom',
    ]);
    expect(next[1]?.text).toMatch(/<details\s+open>/);
    for (const { text } of next) {
      expect(text).not.toContain('another blob');
      expect(text).toContain('part=1');
    }
  });
});
