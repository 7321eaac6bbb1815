import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createArchive } from '../../../src/images/archive/create-archive.ts';
import { openArchive } from '../../../src/images/archive/open-archive.ts';
import { StreamTarWriter } from '../../../src/images/archive/write/stream-tar-writer.ts';
import { makeDescriptor } from '../../../src/images/model/descriptor.ts';
import { isObject } from '../../../src/images/model/json.ts';
import { OCI_INDEX } from '../../../src/images/model/media-types.ts';
import { storeManifest } from '../../../src/images/model/manifest.ts';
import { parseDigest } from '../../../src/oci/digest.ts';
import { run, temporaryFolder, type Folder } from '../../support/programs.ts';
import {
  classicEntries,
  convert,
  copyAll,
  craftTar,
  indexEntry,
  layoutEntries,
  location,
  readAll,
  sha256,
  smallImage,
  type SmallImage,
} from './craft.ts';

const IMAGE = smallImage();
const OTHER = smallImage('b', 'arm64');
const FULL = 'io.containerd.image.name';
const DIGEST = `sha256:${IMAGE.manifestHex}`;
const NAMES = {
  'lan:5000/app:1': DIGEST,
  'lan:5000/app:2': DIGEST,
  'docker.io/library/b:1': `sha256:${OTHER.manifestHex}`,
};
const INDEX = JSON.stringify({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [IMAGE, OTHER].map((image, at) =>
    indexEntry(image, undefined, { platform: { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' } }),
  ),
});

describe('archives that are written', () => {
  let folder: Folder;
  let path: (name: string) => string;
  beforeEach(async () => {
    folder = await temporaryFolder('write');
    path = (name) => join(folder.path, name);
    const index = Object.entries(NAMES).map(([name, digest]) =>
      indexEntry(digest === DIGEST ? IMAGE : OTHER, { [FULL]: name }),
    );
    await writeFile(path('source.tar'), craftTar(layoutEntries(index, [IMAGE, OTHER])));
  });
  afterEach(() => folder.close());

  const source = (): ReturnType<typeof location> => location('oci-archive', path('source.tar'));
  const members = async (tar: string): Promise<string[]> =>
    (await run('tar', ['-tf', path(tar)])).stdout.trim().split('\n');
  const member = async (tar: string, name: string): Promise<unknown> =>
    JSON.parse((await run('tar', ['-xOf', path(tar), name])).stdout);
  const litter = async (): Promise<string[]> =>
    (await readdir(folder.path)).filter((name) => name.startsWith('.'));

  it.each(['oci', 'oci-archive'] as const)('keeps names, digests and bytes in %s', async (kind) => {
    await convert(source(), location(kind, path('copy')));
    expect(await readAll(location(kind, path('copy')))).toEqual(NAMES);
    expect(await litter()).toEqual([]);
  });

  it('writes the same bytes each time, and tar finds nothing to complain of', async () => {
    await convert(source(), location('oci-archive', path('a.tar')));
    await convert(source(), location('oci-archive', path('b.tar')));
    expect((await readFile(path('a.tar'))).equals(await readFile(path('b.tar')))).toBe(true);
    expect(await run('tar', ['-tvf', path('a.tar')])).toMatchObject({
      status: 0,
      output: expect.stringContaining('0/0'),
    });
    await convert(source(), location('docker-archive', path('c.tar')));
    await convert(source(), location('docker-archive', path('d.tar')));
    expect((await readFile(path('c.tar'))).equals(await readFile(path('d.tar')))).toBe(true);
  });

  it('writes an image layout that names its blobs for old engines too, each blob once', async () => {
    await convert(source(), location('oci-archive', path('a.tar')));
    const names = await members('a.tar');
    expect(names.length).toBe(new Set(names).size);
    expect(names).toEqual(
      expect.arrayContaining(['oci-layout', 'index.json', 'manifest.json', 'repositories']),
    );
    expect(await member('a.tar', 'manifest.json')).toEqual([
      entryOf(OTHER, ['docker.io/library/b:1']),
      entryOf(IMAGE, ['lan:5000/app:1', 'lan:5000/app:2']),
    ]);
    const top = sha256(gzipSync(IMAGE.layers[1] ?? ''));
    expect(await member('a.tar', 'repositories')).toMatchObject({ 'lan:5000/app': { 1: top, 2: top } });
    expect(await member('a.tar', 'index.json')).toMatchObject({
      manifests: Object.keys(NAMES)
        .toSorted()
        .map((name) => ({
          annotations: { [FULL]: name, 'org.opencontainers.image.ref.name': name.replace(/.*:/, '') },
        })),
    });
  });

  it('names one platform of an index for old engines, and keeps all', async () => {
    const entries = layoutEntries(
      [
        {
          mediaType: OCI_INDEX,
          digest: `sha256:${sha256(INDEX)}`,
          size: INDEX.length,
          annotations: { [FULL]: 'a.lan/x:1' },
        },
      ],
      [IMAGE, OTHER],
    );
    await writeFile(
      path('index.tar'),
      craftTar([...entries, { name: `blobs/sha256/${sha256(INDEX)}`, content: INDEX }]),
    );
    await convert(location('oci-archive', path('index.tar')), location('oci-archive', path('a.tar')));
    const own = process.arch === 'arm64' ? OTHER : IMAGE;
    expect(await member('a.tar', 'manifest.json')).toEqual([entryOf(own, ['a.lan/x:1'])]);
    expect(await member('a.tar', 'index.json')).toMatchObject({
      manifests: [{ digest: `sha256:${sha256(INDEX)}` }],
    });
    expect(await members('a.tar')).toEqual(
      expect.arrayContaining([IMAGE, OTHER].map(({ manifestHex }) => `blobs/sha256/${manifestHex}`)),
    );
  });

  it('names the image of this platform where it lies in an index in the index', async () => {
    const third = smallImage('c', 's390x');
    const inner = { mediaType: OCI_INDEX, digest: `sha256:${sha256(INDEX)}`, size: INDEX.length };
    const outer = JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        indexEntry(third, undefined, { platform: { os: 'linux', architecture: 's390x' } }),
        inner,
        inner,
      ],
    });
    const root = { ...inner, digest: `sha256:${sha256(outer)}`, size: outer.length };
    const entries = [
      ...layoutEntries([{ ...root, annotations: { [FULL]: 'a.lan/x:1' } }], [IMAGE, OTHER, third]),
      ...[INDEX, outer].map((content) => ({ name: `blobs/sha256/${sha256(content)}`, content })),
    ];
    await writeFile(path('nested.tar'), craftTar(entries));
    await convert(location('oci-archive', path('nested.tar')), location('oci-archive', path('a.tar')));
    const own = process.arch === 'arm64' ? OTHER : IMAGE;
    expect(await member('a.tar', 'manifest.json')).toEqual([entryOf(own, ['a.lan/x:1'])]);
  });

  it.each(['oci-archive', 'docker-archive'] as const)(
    'is read as %s with all images or not at all, wherever it was cut',
    async (kind) => {
      await convert(source(), location(kind, path('a.tar')));
      const whole = await readFile(path('a.tar'));
      const names = await readAll(location(kind, path('a.tar')));
      const read: unknown[] = [];
      for (let bytes = 0; bytes < whole.length; bytes += 512) {
        await writeFile(path('part.tar'), whole.subarray(0, bytes));
        await readAll(location(kind, path('part.tar'))).then(
          (found) => read.push(found),
          () => undefined,
        );
      }
      // Without the end of the archive it is whole for every program, and an oci-archive without what old engines read.
      expect(read.length).toBeLessThanOrEqual(5);
      expect(read).toEqual(read.map(() => names));
    },
  );

  it('writes a docker-archive of uncompressed layers, and what comes back has the same config', async () => {
    await convert(source(), location('docker-archive', path('a.tar')));
    expect(await members('a.tar')).toEqual(
      expect.arrayContaining(IMAGE.layers.map((layer) => `${sha256(layer)}.tar`)),
    );
    expect(Object.keys(await readAll(location('docker-archive', path('a.tar')))).toSorted()).toEqual(
      Object.keys(NAMES).toSorted(),
    );
    expect(await member('a.tar', 'manifest.json')).toMatchObject([
      { Config: `${OTHER.configHex}.json` },
      { Config: `${IMAGE.configHex}.json` },
    ]);
    await convert(source(), location('docker-archive', path('p.tar')), { preserve: true });
    expect(await readAll(location('docker-archive', path('p.tar')))).toEqual(NAMES);
  });

  it.each([
    ['.tar.gz', gunzipSync, {}],
    ['.tgz', gunzipSync, {}],
    ['.tar.zst', zstdDecompressSync, {}],
    ['.tar', gunzipSync, { compression: 'gzip' }],
    ['.tar.gz', (bytes: Buffer) => bytes, { compression: 'none' }],
  ] as const)('compresses %s', async (ending, expand, options) => {
    await convert(source(), location('oci-archive', path('plain.tar')));
    await convert(source(), location('oci-archive', path(`a${ending}`)), options);
    expect(expand(await readFile(path(`a${ending}`))).equals(await readFile(path('plain.tar')))).toBe(true);
    expect(await readAll(location('oci-archive', path(`a${ending}`)))).toEqual(NAMES);
  });

  it('writes to a stream, and reads from one', async () => {
    const output = createWriteStream(path('a.tar'));
    await convert(source(), { kind: 'stream' }, { output });
    output.end();
    await once(output, 'close');
    expect(await readAll({ kind: 'stream' }, { input: createReadStream(path('a.tar')) })).toEqual(NAMES);
    await convert(source(), location('oci-archive', path('b.tar')));
    expect((await readFile(path('a.tar'))).equals(await readFile(path('b.tar')))).toBe(true);
  });

  it.each(['none', 'gzip', 'zstd'] as const)(
    'ends with the error of a full disk: %s',
    async (compression) => {
      const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      const output = new Writable({ write: (_piece, _encoding, done) => done(full) });
      const writer = new StreamTarWriter(output, compression, true);
      const noise = randomBytes(4 << 20);
      const adding = writer.add('a', noise.length, async function* read() {
        yield noise;
      });
      await expect(adding).rejects.toMatchObject({ code: 'ENOSPC' });
      await expect(writer.end()).rejects.toMatchObject({ code: 'ENOSPC' });
    },
  );

  it('keeps the archive that is there until the new one is whole, and leaves nothing of one that fails', async () => {
    await writeFile(path('a.tar'), 'old');
    const blob = makeDescriptor({
      mediaType: 'application/octet-stream',
      digest: parseDigest(DIGEST) ?? never(),
      size: 4,
    });
    for (const kind of ['oci-archive', 'docker-archive'] as const) {
      const target = await createArchive(location(kind, path('a.tar')));
      await expect(target.putBlob(blob, () => pieces('evil'))).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
      });
      await expect(target.putBlob(blob, () => pieces('four and more'))).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
      });
      await expect(target.commit()).rejects.toThrow('not written');
      await target.close();
      expect(await readFile(path('a.tar'), 'utf8')).toBe('old');
      expect(await litter()).toEqual([]);
    }
  });

  it('takes a blob again after it failed', async () => {
    const content = Buffer.from('right');
    const digest = parseDigest(`sha256:${sha256(content)}`) ?? never();
    const target = await createArchive(location('oci-archive', path('a.tar')));
    const blob = makeDescriptor({ mediaType: 'application/octet-stream', digest, size: content.length });
    await expect(target.putBlob(blob, () => pieces('wrong'))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(await target.hasBlob(blob)).toBe(false);
    await target.putBlob(blob, () => pieces('right'));
    expect(await target.hasBlob(blob)).toBe(true);
    await target.commit();
    await target.close();
    expect((await run('tar', ['-xOf', path('a.tar'), `blobs/sha256/${digest.hex}`])).stdout).toBe('right');
  });

  it('removes what a killed process left, and not what one at work writes', async () => {
    const dead = await (await litterOfDead()).replaceAll(' ', '_');
    await writeFile(path(`.a.tar.${dead}.part`), 'x');
    await writeFile(path('.a.tar.other-host_ns_1_2_3.part'), 'x');
    const first = await createArchive(location('oci-archive', path('a.tar')));
    expect((await litter()).length).toBe(2);
    const second = await createArchive(location('oci-archive', path('a.tar')));
    expect((await litter()).length).toBe(3);
    await first.close();
    await second.close();
    expect(await litter()).toEqual(['.a.tar.other-host_ns_1_2_3.part']);
  });

  it('follows a link to the file, and does not replace what is no file', async () => {
    await writeFile(path('real.tar'), 'old');
    await symlink('real.tar', path('link.tar'));
    await convert(source(), location('oci-archive', path('link.tar')));
    expect(await readAll(location('oci-archive', path('real.tar')))).toEqual(NAMES);
    for (const place of ['/dev/null', folder.path, path('missing/a.tar')])
      await expect(createArchive(location('oci-archive', place))).rejects.toMatchObject({
        code: 'FILE_UNWRITABLE',
      });
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  describe('into a folder', () => {
    it('replaces the entry of a tag and keeps the others, also those of other programs', async () => {
      await convert(source(), location('oci', path('layout')));
      const foreign = indexEntry(IMAGE, {
        'org.opencontainers.image.ref.name': 'theirs',
        'org.example': 'x',
      });
      const before: unknown = JSON.parse(await readFile(path('layout/index.json'), 'utf8'));
      const manifests = isObject(before) && Array.isArray(before['manifests']) ? before['manifests'] : [];
      await writeFile(
        path('layout/index.json'),
        JSON.stringify({
          schemaVersion: 2,
          manifests: [...manifests, foreign],
          annotations: { own: 'kept' },
        }),
      );
      const target = await createArchive(location('oci', path('layout')));
      const stored = storeManifest(Buffer.from(OTHER.manifest), '');
      await target.putManifest(stored, ['lan:5000/app:2']);
      await target.commit();
      await target.close();
      expect(await readAll(location('oci', path('layout')))).toEqual({
        ...NAMES,
        'lan:5000/app:2': `sha256:${OTHER.manifestHex}`,
        theirs: DIGEST,
      });
      expect(JSON.parse(await readFile(path('layout/index.json'), 'utf8'))).toMatchObject({
        annotations: { own: 'kept' },
      });
      expect((await target.readManifest('lan:5000/app:2'))?.digest.hex).toBe(OTHER.manifestHex);
    });

    it('lets several write at once', async () => {
      const copies = [IMAGE, OTHER, smallImage('c')].map(async (image, at) => {
        await writeFile(
          path(`${at}.tar`),
          craftTar(layoutEntries([indexEntry(image, { [FULL]: `a.lan/x:${at}` })], [image])),
        );
        await convert(location('oci-archive', path(`${at}.tar`)), location('oci', path('layout')));
      });
      await Promise.all(copies);
      expect(Object.keys(await readAll(location('oci', path('layout')))).toSorted()).toEqual([
        'a.lan/x:0',
        'a.lan/x:1',
        'a.lan/x:2',
      ]);
    });

    it('goes on where a copy broke off, and refuses a folder of other things', async () => {
      const from = await openArchive(source());
      const broken = await createArchive(location('oci', path('layout')));
      await copyAll(from, broken);
      await broken.close();
      await from.close();
      expect(await readdir(path('layout'))).not.toContain('index.json');
      await convert(source(), location('oci', path('layout')));
      expect(await readAll(location('oci', path('layout')))).toEqual(NAMES);
      await mkdir(path('home'));
      await writeFile(path('home/letter.txt'), 'dear');
      await expect(createArchive(location('oci', path('home')))).rejects.toMatchObject({
        code: 'ARCHIVE_INVALID',
      });
    });
  });

  it.each([
    ['a text', 'hello'],
    ['nothing', ''],
    ['one that is cut', '{"schemaVersion":2,"manifests":['],
    ['an image', IMAGE.manifest],
  ])('keeps an index.json of a folder that it does not understand: %s', async (_name, content) => {
    await mkdir(path('layout'));
    await writeFile(path('layout/index.json'), content);
    const refusal = { code: 'ARCHIVE_INVALID', message: expect.stringMatching(/index\.json .*not replaced/) };
    await expect(createArchive(location('oci', path('layout')))).rejects.toMatchObject(refusal);
    await writeFile(path('layout/index.json'), '{"schemaVersion":2,"manifests":[]}');
    const target = await createArchive(location('oci', path('layout')));
    await target.putManifest(storeManifest(Buffer.from(OTHER.manifest), ''), ['lan:5000/app:2']);
    await writeFile(path('layout/index.json'), content);
    await expect(target.commit()).rejects.toMatchObject(refusal);
    await target.close();
    expect(await readFile(path('layout/index.json'), 'utf8')).toBe(content);
  });

  it('reads what it wrote as a docker-archive back into the same archive', async () => {
    await writeFile(path('classic.tar'), craftTar(classicEntries(IMAGE)));
    await convert(location('docker-archive', path('classic.tar')), location('docker-archive', path('a.tar')));
    await convert(location('docker-archive', path('a.tar')), location('docker-archive', path('b.tar')));
    expect((await readFile(path('a.tar'))).equals(await readFile(path('b.tar')))).toBe(true);
  });
});

function entryOf(image: SmallImage, names: readonly string[]): object {
  return {
    Config: `blobs/sha256/${image.configHex}`,
    RepoTags: names,
    Layers: image.layers.map((layer) => `blobs/sha256/${sha256(gzipSync(layer))}`),
  };
}

async function* pieces(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

/** Who a process that has ended was, as it would have written it. */
async function litterOfDead(): Promise<string> {
  const module = new URL('../../../src/lib/files/process-identity.ts', import.meta.url);
  const script = `import { describeSelfShortly } from '${module.href}'; console.log(await describeSelfShortly());`;
  return (await run('node', ['--input-type=module', '-e', script])).stdout.trim();
}

function never(): never {
  throw new Error('not a digest');
}
