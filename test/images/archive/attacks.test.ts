import { spawnSync } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spool } from '../../../src/images/archive/read/spool.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import {
  classicEntries,
  craftTar,
  indexEntry,
  layoutEntries,
  location,
  pax,
  readAll,
  sha256,
  smallImage,
  writeFiles,
  type Crafted,
} from './craft.ts';

const IMAGE = smallImage();
const GOOD = classicEntries(IMAGE);
const LAYOUT = layoutEntries([indexEntry(IMAGE)], [IMAGE]);
const MANIFEST_JSON = GOOD.find(({ name }) => name === 'manifest.json') ?? { name: '' };
const withManifest = (value: unknown): Crafted[] => [
  ...GOOD.filter(({ name }) => name !== 'manifest.json'),
  { name: 'manifest.json', content: JSON.stringify(value) },
];
const LAYER = GOOD.find(({ name }) => name.endsWith('/layer.tar'))?.name ?? '';
const without = (entries: readonly Crafted[], name: string): Crafted[] =>
  entries.filter((it) => it.name !== name);
const binarySize = (hex: string): string => Buffer.from(hex.padStart(24, '0'), 'hex').toString('latin1');

interface Attack {
  readonly name: string;
  readonly tar: () => Buffer;
  readonly code: string;
  readonly says: RegExp;
}

const tarOf =
  (...entries: readonly Crafted[]) =>
  (): Buffer =>
    craftTar(entries);

const NAMES: readonly Attack[] = [
  ['an absolute name', { name: '/etc/cron.d/job', content: 'x' }, /leads out of the archive/],
  [
    'a name that climbs out',
    { name: '../../root/.ssh/authorized_keys', content: 'x' },
    /leads out of the archive/,
  ],
  [
    'a name that climbs out in its midst',
    { name: 'blobs/../../x', content: 'x' },
    /leads out of the archive/,
  ],
  ['a folder that climbs out', { name: '../x/', type: '5' }, /leads out of the archive/],
  [
    'a symbolic link to an absolute path',
    { name: 'a', type: '2', link: '/etc/shadow' },
    /link "a" leads out/,
  ],
  [
    'a symbolic link that climbs out',
    { name: 'x/a', type: '2', link: '../../etc/shadow' },
    /link "x\/a" leads out/,
  ],
  ['a hard link to an absolute path', { name: 'a', type: '1', link: '/etc/shadow' }, /link "a" leads out/],
  ['a hard link that climbs out', { name: 'x/a', type: '1', link: '../etc/shadow' }, /link "x\/a" leads out/],
  ['a sparse file of GNU tar', { name: 'a', type: 'S', content: 'x' }, /sparse/],
  [
    'a name in a pax header that climbs out',
    { name: 'PaxHeader', type: 'x', content: pax('path', '../x') },
    /leads out/,
  ],
  [
    'a long name of GNU tar that is absolute',
    { name: '././@LongLink', type: 'L', content: '/x\0' },
    /leads out/,
  ],
  [
    'a pax header with a NUL in the name',
    { name: 'p', type: 'x', content: pax('path', 'a\0b') },
    /pax header .* malformed/,
  ],
  [
    'a pax header that is not one',
    { name: 'p', type: 'x', content: '999 path=x\n' },
    /pax header .* malformed/,
  ],
  [
    'a pax header with a negative size',
    { name: 'p', type: 'x', content: pax('size', '-1') },
    /pax header .* malformed/,
  ],
  [
    'a pax header with a size beyond 2^53',
    { name: 'p', type: 'x', content: pax('size', '9'.repeat(16)) },
    /pax header .* malformed/,
  ],
  ['a sparse file of pax', { name: 'p', type: 'x', content: pax('GNU.sparse.major', '1') }, /sparse/],
  [
    'a pax header of 2 MiB',
    { name: 'p', type: 'x', content: Buffer.alloc(2 << 20, 0x20) },
    /a header .* has 2097152 bytes/,
  ],
  [
    'a name longer than a path may be',
    { name: 'p', type: 'x', content: pax('path', 'a/'.repeat(3000)) },
    /longer than 4096/,
  ],
].map(([name, entry, says]) => ({
  name: name as string,
  tar: tarOf(entry as Crafted, { name: 'next', content: '' }, ...GOOD),
  code: 'ARCHIVE_INVALID',
  says: says as RegExp,
}));

const SIZES: readonly Attack[] = [
  ['a size that is not a number', { name: 'a', size: 'zzzzzzzzzzz\0' }, /not a number of bytes/],
  ['a negative size of base 256', { name: 'a', size: 'ff'.repeat(12) }, /not a number of bytes/],
  ['a size beyond 2^53', { name: 'a', size: '80ffffffffffffffffffffff' }, /not a number of bytes/],
  ['a size of 4 PiB', { name: 'a', size: '800000000010000000000000' }, /cut short/],
  ['a size of 8 GiB less one', { name: 'a', size: '37'.repeat(11) + '00' }, /cut short/],
].map(([name, entry, says]) => {
  const { size, ...rest } = entry as { name: string; size: string };
  const text = /^[0-9a-f]{24}$/.test(size) ? binarySize(size) : size;
  return {
    name: name as string,
    tar: tarOf(...GOOD, { ...rest, size: text }),
    code: 'ARCHIVE_INVALID',
    says: says as RegExp,
  };
});

const CONTENT: readonly Attack[] = [
  { name: 'nothing', tar: () => Buffer.alloc(0), code: 'ARCHIVE_INVALID', says: /holds no image/ },
  {
    name: 'a text',
    tar: () => Buffer.from('hello'.repeat(500)),
    code: 'ARCHIVE_INVALID',
    says: /is not the header/,
  },
  {
    name: 'a tar of something else',
    tar: tarOf({ name: 'etc/passwd', content: 'root' }),
    code: 'ARCHIVE_INVALID',
    says: /holds no image/,
  },
  {
    name: 'a save of docker 1.9',
    tar: tarOf({ name: 'repositories', content: '{}' }),
    code: 'ARCHIVE_INVALID',
    says: /older than 1\.10/,
  },
  {
    name: 'a tar that is cut in a layer',
    tar: () => craftTar(GOOD).subarray(0, 2000),
    code: 'ARCHIVE_INVALID',
    says: /cut short/,
  },
  {
    name: 'a tar that is cut in a header',
    tar: () => craftTar(GOOD).subarray(0, 1024 + 100),
    code: 'ARCHIVE_INVALID',
    says: /cut short/,
  },
  {
    name: 'a checksum that is wrong',
    tar: () => Buffer.from(craftTar(GOOD)).fill('7', 100, 101),
    code: 'ARCHIVE_INVALID',
    says: /byte 0 is not the header/,
  },
  {
    name: 'an empty block in the midst',
    tar: () => Buffer.concat([craftTar(GOOD.slice(0, 1), Buffer.alloc(512)), craftTar(GOOD)]),
    code: 'ARCHIVE_INVALID',
    says: /an empty block/,
  },
  {
    name: 'a manifest.json that is cut',
    tar: tarOf({ name: 'manifest.json', content: '[{"Config":' }),
    code: 'ARCHIVE_INVALID',
    says: /not a list of images/,
  },
  {
    name: 'a manifest.json of other types',
    tar: tarOf(...withManifest([{ Config: 1, Layers: {} }])),
    code: 'ARCHIVE_INVALID',
    says: /not a list of images/,
  },
  {
    name: 'a manifest.json of 17 MiB',
    tar: tarOf({ name: 'manifest.json', content: Buffer.alloc(17 << 20, 0x20) }),
    code: 'ARCHIVE_INVALID',
    says: /manifest\.json has more than/,
  },
  {
    name: 'an index.json of 17 MiB',
    tar: tarOf({ name: 'index.json', content: Buffer.alloc(17 << 20, 0x20) }),
    code: 'ARCHIVE_INVALID',
    says: /index\.json has more than/,
  },
  {
    name: 'a manifest.json of 10,001 images',
    tar: tarOf(...withManifest(Array.from({ length: 10_001 }, () => ({ Config: 'c', Layers: [] })))),
    code: 'ARCHIVE_INVALID',
    says: /more than 10000 images/,
  },
  {
    name: 'a config that is not there',
    tar: tarOf(MANIFEST_JSON),
    code: 'ARCHIVE_INVALID',
    says: /there is no config/,
  },
  {
    name: 'a config with fewer layers',
    tar: tarOf(...withManifest([{ Config: `${IMAGE.configHex}.json`, Layers: [LAYER] }])),
    code: 'ARCHIVE_INVALID',
    says: /does not describe the 1 layers/,
  },
  {
    name: 'a config of another digest',
    tar: tarOf(...without(GOOD, `${IMAGE.configHex}.json`), {
      name: `${IMAGE.configHex}.json`,
      content: IMAGE.config.replace('amd64', 'arm64'),
    }),
    code: 'DIGEST_MISMATCH',
    says: new RegExp(IMAGE.configHex),
  },
  {
    name: 'a layer that is not there',
    tar: tarOf(...without(GOOD, LAYER)),
    code: 'BLOB_MISSING',
    says: /does not hold sha256:/,
  },
  {
    name: 'a layer that is a device',
    tar: tarOf(...without(GOOD, LAYER), { name: LAYER, type: '3' }),
    code: 'BLOB_MISSING',
    says: /does not hold sha256:/,
  },
  {
    name: 'a layer whose link leads to itself',
    tar: tarOf(...without(GOOD, LAYER), { name: LAYER, type: '2', link: 'layer.tar' }),
    code: 'ARCHIVE_INVALID',
    says: /in a circle/,
  },
  {
    name: 'a layer whose links lead to each other',
    tar: tarOf(
      ...without(GOOD, LAYER),
      { name: LAYER, type: '1', link: 'b' },
      { name: 'b', type: '1', link: LAYER },
    ),
    code: 'ARCHIVE_INVALID',
    says: /in a circle/,
  },
  {
    name: 'a layer of another name in capitals',
    tar: tarOf(...without(GOOD, LAYER), { name: LAYER.toUpperCase(), content: IMAGE.layers[0] ?? '' }),
    code: 'BLOB_MISSING',
    says: /does not hold/,
  },
  {
    name: 'a layer of other bytes',
    tar: tarOf(...GOOD, { name: LAYER, content: craftTar([{ name: 'etc/base', content: 'evil' }]) }),
    code: 'DIGEST_MISMATCH',
    says: /is not what it should be/,
  },
  {
    name: 'a gzip layer that expands to other bytes',
    tar: tarOf(...GOOD, { name: LAYER, content: gzipSync(craftTar([{ name: 'x' }])) }),
    code: 'DIGEST_MISMATCH',
    says: /expands to/,
  },
  {
    name: 'a gzip layer that is cut',
    tar: tarOf(...GOOD, { name: LAYER, content: gzipSync(IMAGE.layers[0] ?? '').subarray(0, -9) }),
    code: 'ARCHIVE_INVALID',
    says: /a layer can't be decompressed/,
  },
  {
    name: 'a gzip layer that is a bomb',
    tar: tarOf(...GOOD, { name: LAYER, content: gzipSync(Buffer.alloc(8 << 20)) }),
    code: 'DIGEST_MISMATCH',
    says: /expands to/,
  },
  {
    name: 'a layer of xz',
    tar: tarOf(...GOOD, { name: LAYER, content: Buffer.from('fd377a585a0000', 'hex') }),
    code: 'ARCHIVE_INVALID',
    says: /compressed with xz/,
  },
  {
    name: 'a manifest of other bytes in a layout',
    tar: tarOf(...LAYOUT, { name: `blobs/sha256/${IMAGE.manifestHex}`, content: `${IMAGE.manifest} ` }),
    code: 'DIGEST_MISMATCH',
    says: /its bytes have/,
  },
  {
    name: 'a config of another size in a layout',
    tar: tarOf(...LAYOUT, { name: `blobs/sha256/${IMAGE.configHex}`, content: '{}' }),
    code: 'DIGEST_MISMATCH',
    says: /2 bytes instead of/,
  },
  {
    name: 'a digest in the index that leads elsewhere',
    tar: tarOf(
      ...layoutEntries([indexEntry(IMAGE, undefined, { digest: 'sha256:../../../etc/passwd' })], [IMAGE]),
    ),
    code: 'ARCHIVE_INVALID',
    says: /holds no image/,
  },
  {
    name: 'gzip around a tar, cut',
    tar: () => gzipSync(craftTar(GOOD)).subarray(0, -20),
    code: 'ARCHIVE_INVALID',
    says: /not whole or not gzip/,
  },
];

describe('hostile archives', () => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await temporaryFolder('attacks');
  });
  afterAll(() => folder.close());

  it.each([...NAMES, ...SIZES, ...CONTENT])('$name: $code', async ({ name, tar, code, says }) => {
    const path = join(folder.path, `${sha256(name)}.tar`);
    await writeFile(path, tar());
    await expect(readAll(location('docker-archive', path))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says),
    });
  });

  it('reads the good ones of which the others were made', async () => {
    await writeFile(join(folder.path, 'good.tar'), craftTar(GOOD));
    await writeFile(join(folder.path, 'layout.tar'), craftTar(LAYOUT));
    expect(Object.keys(await readAll(location('docker-archive', join(folder.path, 'good.tar'))))).toEqual([
      'docker.io/library/app:1',
    ]);
    expect(await readAll(location('oci-archive', join(folder.path, 'layout.tar')))).toEqual({
      '': `sha256:${IMAGE.manifestHex}`,
    });
  });

  it('takes the last of two entries of one name, as docker does', async () => {
    const path = join(folder.path, 'twice.tar');
    await writeFile(path, craftTar([{ name: LAYER, content: 'evil' }, ...GOOD]));
    await expect(readAll(location('docker-archive', path))).resolves.toMatchObject({});
  });

  it('ignores what stands behind the end, devices, and names that only differ in case', async () => {
    const path = join(folder.path, 'more.tar');
    const more = [
      { name: 'MANIFEST.JSON', content: 'x' },
      { name: 'dev', type: '3' },
      { name: 'pipe', type: '6' },
    ];
    await writeFile(path, Buffer.concat([craftTar([...GOOD, ...more]), Buffer.from('garbage'.repeat(1000))]));
    await expect(readAll(location('docker-archive', path))).resolves.toMatchObject({});
  });

  it('refuses what expands to more than 200 times its size, beyond what is harmless', async () => {
    const zeros = async function* zeros(): AsyncIterable<Uint8Array> {
      for (let at = 0; at < 10; at += 1) yield Buffer.alloc(1000);
    };
    const options = { folder: folder.path, label: 'bomb.tar.gz', compressedBytes: () => 40 };
    await expect(spool(zeros(), { ...options, harmlessBytes: 9000 })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringMatching(/^bomb\.tar\.gz .*more than 200 times its size/),
    });
    await (await spool(zeros(), { ...options, harmlessBytes: 10_000 })).close();
    await (await spool(zeros(), { ...options, harmlessBytes: 0, compressedBytes: () => 50 })).close();
    await (await spool(zeros(), options)).close();
  });

  it('reads nothing through a layout in a folder but files of it', async () => {
    const path = join(folder.path, 'layout');
    const files = LAYOUT.map(({ name, content }) => [name, content ?? ''] as const);
    await writeFiles(path, Object.fromEntries(files));
    const config = join(path, 'blobs/sha256', IMAGE.configHex);
    spawnSync('rm', [config]);
    await symlink('/etc/passwd', config);
    await expect(readAll(location('oci', path))).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    spawnSync('rm', [config]);
    spawnSync('mkfifo', [config]);
    await expect(readAll(location('oci', path))).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it.each([
    ['a layer that climbs out', { Layers: ['../secret', LAYER] }],
    ['a layer that climbs out in its midst', { Layers: ['blobs/../../secret', LAYER] }],
    ['a layer with an absolute name', { Layers: ['/etc/passwd', LAYER] }],
    ['a config that climbs out', { Config: '../secret' }],
  ])('refuses %s in the manifest.json of a folder, before it reads it', async (name, hostile) => {
    const path = join(folder.path, sha256(name));
    const layers = GOOD.map((entry) => entry.name).filter((it) => it.endsWith('/layer.tar'));
    const entry = { Config: `${IMAGE.configHex}.json`, RepoTags: ['app:1'], Layers: layers, ...hostile };
    const files = withManifest([entry]).map(({ name: file, content }) => [file, content ?? ''] as const);
    await writeFiles(path, Object.fromEntries(files));
    await writeFile(join(folder.path, 'secret'), 'a key');
    await expect(readAll(location('docker-archive', path))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringMatching(/the name ".*" leads out of the archive/),
    });
  });

  it('refuses a link in a folder that leads out of it, and follows one that does not', async () => {
    const path = join(folder.path, 'with-links');
    const files = withManifest([
      { Config: `${IMAGE.configHex}.json`, RepoTags: ['app:1'], Layers: ['within', 'out'] },
    ]).map(({ name, content }) => [name, content ?? ''] as const);
    await writeFiles(path, Object.fromEntries(files));
    await writeFile(join(folder.path, 'secret'), 'a key');
    await symlink(LAYER, join(path, 'within'));
    await symlink('../secret', join(path, 'out'));
    await expect(readAll(location('docker-archive', path))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining('"out" is a link that leads out of it'),
    });
  });

  it('leaves nothing behind of what it had to expand', async () => {
    const spoolFolder = join(folder.path, 'spool');
    await mkdir(spoolFolder);
    const path = join(folder.path, 'good.tar.gz');
    await writeFile(path, gzipSync(craftTar(GOOD)));
    await readAll(location('docker-archive', path), { spoolFolder });
    await writeFile(path, gzipSync(craftTar(GOOD)).subarray(0, -20));
    await expect(readAll(location('docker-archive', path), { spoolFolder })).rejects.toThrow(/not whole/);
    expect(await readdir(spoolFolder)).toEqual([]);
  });
});
