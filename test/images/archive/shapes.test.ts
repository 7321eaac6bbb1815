import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArchive } from '../../../src/images/archive/open-archive.ts';
import { parseDigest } from '../../../src/oci/digest.ts';
import { parseManifest } from '../../../src/images/model/manifest.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import {
  bytesOf,
  classicEntries,
  craftTar,
  indexEntry,
  layoutEntries,
  location,
  readAll,
  sha256,
  smallImage,
  type Crafted,
} from './craft.ts';

const IMAGE = smallImage();
const OTHER = smallImage('b', 'arm64');
const DIGEST = `sha256:${IMAGE.manifestHex}`;
const REF = 'org.opencontainers.image.ref.name';
const FULL = 'io.containerd.image.name';
const [BASE = Buffer.alloc(0), TOP = Buffer.alloc(0)] = IMAGE.layers;

const index = (...manifests: readonly object[]): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests });
const blob = (content: string): Crafted => ({ name: `blobs/sha256/${sha256(content)}`, content });
const indexDescriptor = (content: string, more: object = {}): object => ({
  mediaType: 'application/vnd.oci.image.index.v1+json',
  digest: `sha256:${sha256(content)}`,
  size: content.length,
  ...more,
});
const dockerEntries = (
  config: string,
  layers: readonly [string, Buffer][],
  repoTags: readonly string[] | null = ['app:1'],
): Crafted[] => [
  { name: config, content: IMAGE.config },
  ...layers.map(([name, content]) => ({ name, content })),
  {
    name: 'manifest.json',
    content: JSON.stringify([{ Config: config, RepoTags: repoTags, Layers: layers.map(([name]) => name) }]),
  },
];
const NESTED = index(
  indexEntry(IMAGE, undefined, { platform: { os: 'linux', architecture: 'amd64' } }),
  indexEntry(OTHER),
);

interface Shape {
  readonly name: string;
  readonly entries: readonly Crafted[];
  /** Digests by name. */
  readonly holds: Readonly<Record<string, unknown>>;
}

const MADE = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);

const SHAPES: readonly Shape[] = [
  {
    name: 'docker 20.10: layer.tar in folders',
    entries: classicEntries(IMAGE),
    holds: { 'docker.io/library/app:1': MADE },
  },
  { name: 'docker save by ID: RepoTags is null', entries: classicEntries(IMAGE, null), holds: { '': MADE } },
  {
    name: 'docker 20.10: a layer that the image has twice is a link',
    entries: dockerTwice(),
    holds: { 'docker.io/library/app:1': MADE },
  },
  {
    name: 'docker 25: a layout, and a manifest.json that names its blobs',
    entries: [
      ...layoutEntries([indexEntry(IMAGE, { [FULL]: 'docker.io/library/app:1', [REF]: '1' })], [IMAGE]),
      ...dockerEntries(`blobs/sha256/${IMAGE.configHex}`, [
        [`blobs/sha256/${sha256(BASE)}`, BASE],
        [`blobs/sha256/${sha256(TOP)}`, TOP],
      ]),
    ],
    holds: { 'docker.io/library/app:1': DIGEST },
  },
  {
    name: 'a layout without names, which the manifest.json has',
    entries: [
      ...layoutEntries([indexEntry(IMAGE)], [IMAGE]),
      {
        name: 'manifest.json',
        content: JSON.stringify([
          {
            Config: `blobs/sha256/${IMAGE.configHex}`,
            RepoTags: ['lan:5000/app:1', 'lan:5000/app:2'],
            Layers: [],
          },
        ]),
      },
    ],
    holds: { 'lan:5000/app:1': DIGEST, 'lan:5000/app:2': DIGEST },
  },
  {
    name: 'an index.json whose manifests are not there, beside a manifest.json',
    entries: [...classicEntries(IMAGE), { name: 'index.json', content: index(indexEntry(OTHER)) }],
    holds: { 'docker.io/library/app:1': MADE },
  },
  {
    name: 'an index.json that is not JSON, beside a manifest.json',
    entries: [...classicEntries(IMAGE), { name: 'index.json', content: '{' }],
    holds: { 'docker.io/library/app:1': MADE },
  },
  {
    name: 'podman save, oci-archive: the full name is the ref.name',
    entries: layoutEntries([indexEntry(IMAGE, { [REF]: 'localhost/app:1' })], [IMAGE]),
    holds: { 'localhost/app:1': DIGEST },
  },
  {
    name: 'skopeo, podman: layers beside, named by their diff ID',
    entries: dockerEntries(
      `${IMAGE.configHex}.json`,
      IMAGE.layers.map((layer) => [`${sha256(layer)}.tar`, layer]),
    ),
    holds: { 'docker.io/library/app:1': MADE },
  },
  {
    name: 'crane and kaniko: gzip layers, and a config without an ending',
    entries: dockerEntries(
      `sha256:${IMAGE.configHex}`,
      IMAGE.layers.map((layer) => [`${sha256(gzipSync(layer))}.tar.gz`, gzipSync(layer)]),
    ),
    holds: { 'docker.io/library/app:1': MADE },
  },
  {
    // kaniko: pkg/executor/push.go, by go-containerregistry: pkg/v1/tarball/write.go
    name: 'kaniko --tar-path with two destinations',
    entries: dockerEntries(
      `sha256:${IMAGE.configHex}`,
      IMAGE.layers.map((layer) => [`${sha256(gzipSync(layer))}.tar.gz`, gzipSync(layer)]),
      ['registry.lan/team/app:1', 'registry.lan/team/app:latest'],
    ),
    holds: { 'registry.lan/team/app:1': MADE, 'registry.lan/team/app:latest': MADE },
  },
  {
    // kaniko: pkg/executor/push.go, by go-containerregistry: pkg/v1/layout/write.go
    name: 'kaniko --oci-layout-path: no name, and an index.json on several lines',
    entries: layoutEntries([indexEntry(IMAGE)], [IMAGE]).map((entry) =>
      entry.name === 'index.json'
        ? { name: 'index.json', content: JSON.stringify(JSON.parse(String(entry.content)), undefined, 3) }
        : entry,
    ),
    holds: { '': DIGEST },
  },
  {
    // nerdctl: pkg/cmd/image/save.go, by containerd: core/images/archive/exporter.go
    name: 'nerdctl save: entries by name, folders, and the index of an image of which one platform is here',
    entries: nerdctlEntries(),
    holds: { 'docker.io/library/app:1': `sha256:${sha256(NESTED)}` },
  },
  {
    name: 'zstd layers in a manifest.json',
    entries: dockerEntries(
      `${IMAGE.configHex}.json`,
      IMAGE.layers.map((layer, at) => [`${at}.tar`, zstdCompressSync(layer)]),
    ),
    holds: { 'docker.io/library/app:1': MADE },
  },
  {
    name: 'buildx type=oci: a bare tag',
    entries: layoutEntries([indexEntry(IMAGE, { [REF]: '1' })], [IMAGE]),
    holds: { '1': DIGEST },
  },
  {
    name: 'names with ./ before them, as tar -C DIR -c . makes them',
    entries: layoutEntries([indexEntry(IMAGE)], [IMAGE]).map((entry) => ({
      ...entry,
      name: `./${entry.name}`,
    })),
    holds: { '': DIGEST },
  },
  {
    name: 'crane pull --format=oci twice: the entry is there twice',
    entries: layoutEntries([indexEntry(IMAGE), indexEntry(IMAGE)], [IMAGE]),
    holds: { '': DIGEST },
  },
  {
    name: 'one image of two names, and another',
    entries: layoutEntries(
      [
        indexEntry(IMAGE, { [FULL]: 'a.lan/x:1' }),
        indexEntry(OTHER, { [REF]: 'o' }),
        indexEntry(IMAGE, { [FULL]: 'a.lan/x:2' }),
      ],
      [IMAGE, OTHER],
    ),
    holds: { 'a.lan/x:1': DIGEST, 'a.lan/x:2': DIGEST, o: `sha256:${OTHER.manifestHex}` },
  },
  {
    name: 'several platforms: an index in the index',
    entries: [
      ...layoutEntries([indexDescriptor(NESTED, { annotations: { [REF]: '1' } })], [IMAGE, OTHER]),
      blob(NESTED),
    ],
    holds: { '1': `sha256:${sha256(NESTED)}` },
  },
  {
    name: 'containerd store: the index lists platforms whose blobs are not there',
    entries: [
      ...layoutEntries([indexDescriptor(NESTED, { annotations: { [REF]: '1' } })], [IMAGE]),
      blob(NESTED),
    ],
    holds: { '1': `sha256:${sha256(NESTED)}` },
  },
];

function nerdctlEntries(): Crafted[] {
  const annotations = {
    'containerd.io/distribution.source.docker.io': 'library/app',
    [FULL]: 'docker.io/library/app:1',
    [REF]: '1',
  };
  const layers = IMAGE.layers.map((layer) => `blobs/sha256/${sha256(gzipSync(layer))}`);
  const manifest = [{ Config: `blobs/sha256/${IMAGE.configHex}`, RepoTags: ['app:1'], Layers: layers }];
  const entries: readonly Crafted[] = [
    ...layoutEntries([indexDescriptor(NESTED, { annotations })], [IMAGE]),
    blob(NESTED),
    { name: 'manifest.json', content: JSON.stringify(manifest) },
    { name: 'blobs/', type: '5' },
    { name: 'blobs/sha256/', type: '5' },
  ];
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function dockerTwice(): Crafted[] {
  const [one, two] = ['1'.repeat(64), '2'.repeat(64)];
  const config = JSON.stringify({
    rootfs: { type: 'layers', diff_ids: Array.from({ length: 2 }, () => `sha256:${sha256(BASE)}`) },
  });
  const names = [`${one}/layer.tar`, `${two}/layer.tar`];
  return [
    { name: `${sha256(config)}.json`, content: config },
    { name: names[0] ?? '', content: BASE },
    { name: names[1] ?? '', type: '2', link: `../${one}/layer.tar` },
    {
      name: 'manifest.json',
      content: JSON.stringify([{ Config: `${sha256(config)}.json`, RepoTags: ['app:1'], Layers: names }]),
    },
  ];
}

describe('what programs save', () => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await temporaryFolder('shapes');
  });
  afterAll(() => folder.close());

  const write = async (entries: readonly Crafted[]): Promise<string> => {
    const tar = craftTar(entries);
    const path = join(folder.path, `${sha256(tar)}.tar`);
    await writeFile(path, tar);
    return path;
  };

  it.each(SHAPES)('reads $name', async ({ entries, holds }) => {
    expect(await readAll(location('docker-archive', await write(entries)))).toEqual(holds);
  });

  it('makes the same manifest each time: schema 2, with the bytes that are there', async () => {
    const source = await openArchive(location('docker-archive', await write(classicEntries(IMAGE))));
    const stored = await source.readManifest('app:1');
    expect(JSON.parse(String(stored?.bytes))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        size: IMAGE.config.length,
        digest: `sha256:${IMAGE.configHex}`,
      },
      layers: IMAGE.layers.map((layer) => ({
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
        size: layer.length,
        digest: `sha256:${sha256(layer)}`,
      })),
    });
    await source.close();
  });

  it('reads the names in a config without case, as docker does', async () => {
    const config = IMAGE.config.replace('rootfs', 'RootFS').replace('diff_ids', 'Diff_IDs');
    const entries = classicEntries({ ...IMAGE, config, configHex: sha256(config) });
    const source = await openArchive(location('docker-archive', await write(entries)));
    const stored = await source.readManifest('app:1');
    expect(JSON.parse(String(stored?.bytes))).toMatchObject({
      config: { digest: `sha256:${sha256(config)}` },
      layers: IMAGE.layers.map((layer) => ({ digest: `sha256:${sha256(layer)}` })),
    });
    await source.close();
  });

  it('names gzip and zstd layers by what they are', async () => {
    const typesOf = async (pack: (layer: Buffer) => Buffer): Promise<unknown> => {
      const entries = dockerEntries(
        `${IMAGE.configHex}.json`,
        IMAGE.layers.map((layer, at) => [`${at}`, pack(layer)]),
      );
      const source = await openArchive(location('docker-archive', await write(entries)));
      const stored = await source.readManifest('app:1');
      await source.close();
      if (stored === undefined) throw new Error('no image');
      const manifest = parseManifest(stored);
      return manifest.kind === 'image' ? [manifest.mediaType, manifest.layers[0]?.mediaType] : [];
    };
    expect(await typesOf(gzipSync)).toEqual([
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.docker.image.rootfs.diff.tar.gzip',
    ]);
    expect(await typesOf(zstdCompressSync)).toEqual([
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.layer.v1.tar+zstd',
    ]);
  });

  it.each([
    ['its full name', 'a.lan/x:1', 'a'],
    ['its digest', DIGEST, 'a'],
    ["docker's short form", 'app:1', 'b'],
    ['its tag, if one image alone has it', '1.0', 'c'],
    ['a tag that two images have', '1', undefined],
    ['a name that is not there', 'a.lan/x:3', undefined],
  ])('finds an image by %s', async (_name, reference, expected) => {
    const THIRD = smallImage('c');
    const images = { a: IMAGE, b: OTHER, c: THIRD };
    const entries = layoutEntries(
      [
        indexEntry(IMAGE, { [FULL]: 'a.lan/x:1' }),
        indexEntry(OTHER, { [FULL]: 'docker.io/library/app:1' }),
        indexEntry(THIRD, { [FULL]: 'a.lan/y:1.0' }),
      ],
      Object.values(images),
    );
    const source = await openArchive(location('oci-archive', await write(entries)));
    const stored = await source.readManifest(reference);
    await source.close();
    const found = Object.entries(images).find(([, image]) => image.manifest === String(stored?.bytes))?.[0];
    expect(found).toBe(expected);
  });

  it('says which blobs are missing', async () => {
    const entries = [...layoutEntries([indexDescriptor(NESTED)], [IMAGE]), blob(NESTED)];
    const source = await openArchive(location('oci-archive', await write(entries)));
    expect(await source.readManifest(`sha256:${OTHER.manifestHex}`)).toBeUndefined();
    const manifest = parseManifest({
      mediaType: '',
      digest: parseDigest(`sha256:${OTHER.manifestHex}`) ?? never(),
      bytes: Buffer.from(OTHER.manifest),
    });
    if (manifest.kind === 'index') throw new Error('not an image');
    await expect(bytesOf(source, manifest.config)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    await source.close();
  });

  it('lists referrers, and leaves them out of the images', async () => {
    const signature = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.example.signature',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: `sha256:${sha256('{}')}`, size: 2 },
      layers: [],
      subject: indexEntry(IMAGE),
    });
    const entry = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${sha256(signature)}`,
      size: signature.length,
    };
    const entries = [...layoutEntries([indexEntry(IMAGE), entry], [IMAGE]), blob(signature), blob('{}')];
    const path = await write(entries);
    const source = await openArchive(location('oci-archive', path));
    expect(await source.listReferrers(parseDigest(DIGEST) ?? never())).toMatchObject([
      { artifactType: 'application/vnd.example.signature', digest: { hex: sha256(signature) } },
    ]);
    await source.close();
    expect(await readAll(location('oci-archive', path))).toEqual({ '': DIGEST });
  });
});

function never(): never {
  throw new Error('not a digest');
}
