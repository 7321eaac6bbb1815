import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readFile, readFiles, type Layers } from '../../../src/images/layers/image-files.ts';
import { matchesGlob, parseGlob } from '../../../src/images/layers/path-glob.ts';
import { bytesOfText, isText, textOfBytes } from '../../../src/images/layers/byte-text.ts';
import { makeDescriptor } from '../../../src/images/model/descriptor.ts';
import type { ImageSource } from '../../../src/images/store.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { craftTar, inPieces, type Crafted } from './craft-tar.ts';

const MIB = 1024 * 1024;
type Layer = readonly (Crafted | string)[] | Buffer;

interface TestImage extends Layers {
  /** The layers that were fetched, 1 being the lowest, in their order. */
  readonly fetched: number[];
}

/** An image whose layers are given with the lowest first: gzip, zstd and plain in turn. */
function imageOf(layers: readonly Layer[]): TestImage {
  const fetched: number[] = [];
  const pack = [gzipSync, zstdCompressSync, (tar: Buffer): Buffer => tar];
  const blobs = layers.map((layer, at) =>
    Buffer.isBuffer(layer) ? layer : (pack[at % 3]?.(craftTar(layer)) ?? Buffer.alloc(0)),
  );
  const descriptors = blobs.map((blob) =>
    makeDescriptor({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf('sha256', blob),
      size: blob.length,
    }),
  );
  const nothing = async (): Promise<never> => Promise.reject(new Error('not asked for'));
  const source: ImageSource = {
    label: 'test',
    origin: undefined,
    readManifest: nothing,
    listTags: () => inPieces(Buffer.alloc(0)) as never,
    listReferrers: nothing,
    close: nothing,
    readBlob: ({ digest }) => {
      const at = descriptors.findIndex((it) => it.digest.text === digest.text);
      fetched.push(at + 1);
      return inPieces(blobs[at] ?? Buffer.alloc(0), 10_000);
    },
  };
  return { source, layers: descriptors, fetched };
}

const OPTIONS = { limit: 64 * MIB, onNote: (): void => undefined };

async function cat(image: Layers, path: string, limit = OPTIONS.limit): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of readFile(image, path, { ...OPTIONS, limit })) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('latin1');
}

const file = (name: string, content: string | Buffer): Crafted => ({ name, content });
const hard = (name: string, link: string): Crafted => ({ name, link, type: '1' });

describe('a file of an image', () => {
  it.each<
    readonly [
      name: string,
      layers: readonly Layer[],
      path: string,
      content: string,
      fetched: readonly number[],
    ]
  >([
    [
      'is read from the topmost layer that has it',
      [[file('a', '1')], [file('a', '2')], [file('b', '3')]],
      '/a',
      '2',
      [3, 2],
    ],
    [
      'is read without the layers below',
      [[file('a', '1')], [file('b', '2')], [file('a', '3')]],
      'a',
      '3',
      [3],
    ],
    ['is read through a link, once more', [[{ name: 'l', link: 'd/a' }, file('d/a', 'x')]], 'l', 'x', [1, 1]],
    [
      'is read through a link to a lower layer',
      [[file('d/a', 'x')], [{ name: 'l', link: '/d/a' }]],
      'l',
      'x',
      [2, 1, 1],
    ],
    ['is the last of one name', [[file('a', '1'), file('./a', '2')]], 'a', '2', [1]],
    ['is read by a hard link', [[file('a', 'x'), { name: 'l', link: 'a', type: '1' }]], 'l', 'x', [1, 1]],
    [
      'is read by a hard link to another that a higher layer replaced',
      [[file('a', 'x'), hard('b', 'a'), hard('c', 'b')], [file('b', 'new')]],
      'c',
      'x',
      [2, 1, 1],
    ],
    ['is empty', [[file('a', '')]], 'a', '', [1]],
    ['has odd bytes in its name', [[file('\xff', 'odd')]], '\xff', 'odd', [1]],
    [
      'has holes',
      [[{ name: 'a', content: 'xy', pax: { 'GNU.sparse.size': '6', 'GNU.sparse.map': '1,1,4,1' } }]],
      'a',
      '\0x\0\0y\0',
      [1],
    ],
  ])('%s', async (...[, layers, path, content, fetched]) => {
    const image = imageOf(layers);
    expect(await cat(image, path)).toBe(content);
    expect(image.fetched).toEqual(fetched);
  });

  it('is fetched again if it is too large to keep', async () => {
    const large = Buffer.alloc(9 * MIB, 'large ');
    const image = imageOf([[file('a', 'old')], [file('b', '1'), file('a', large)]]);
    expect(await cat(image, 'a')).toBe(large.toString('latin1'));
    expect(image.fetched).toEqual([2, 2]);
  });

  it.each<
    readonly [
      name: string,
      layers: readonly Layer[],
      path: string,
      message: RegExp,
      fetched: readonly number[],
    ]
  >([
    ['there is none', [[file('a', '')], []], '/b', /no such file/, [2, 1]],
    ['it was removed, without a look below', [[file('a', '')], ['.wh.a']], '/a', /no such file/, [2]],
    ['it is a directory', [['a/']], '/a', /is a directory/, [1]],
    ['it is the root', [['a/']], '/', /is a directory/, [1]],
    ['it is a device', [[{ name: 'a', type: '3' }]], '/a', /is a device/, [1]],
    ['it is a pipe', [[{ name: 'a', type: '6' }]], '/a', /is a pipe/, [1]],
    ['it is a link without a file', [[{ name: 'a', type: '1', link: 'b' }]], '/a', /hard link/, [1]],
    [
      'it is a link to a file that was removed in between',
      [[file('a', 'x')], ['.wh.a'], [hard('b', 'a')]],
      '/b',
      /hard link/,
      [3, 2, 1],
    ],
    ['links lead in a circle', [[{ name: 'a', link: 'a' }]], '/a', /symbolic links/, [1]],
  ])('can not be read if %s', async (...[, layers, path, message, fetched]) => {
    const image = imageOf(layers);
    await expect(cat(image, path)).rejects.toMatchObject({
      code: 'IMAGE_FILE_UNREADABLE',
      message: expect.stringMatching(message),
    });
    expect(image.fetched.slice(0, fetched.length)).toEqual(fetched);
  });
});

describe('a layer', () => {
  it.each([
    ['gzip', gzipSync(Buffer.alloc(80 * MIB))],
    ['zstd', zstdCompressSync(Buffer.alloc(80 * MIB))],
  ])('that %s inflates without end is read up to the limit', async (_name, bomb) => {
    const image = imageOf([bomb]);
    await expect(cat(image, 'a', 8 * MIB)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      hint: expect.stringContaining('--limit'),
    });
  });

  it('of one large file stops at the limit, which can be raised', async () => {
    const image = imageOf([[file('big', Buffer.alloc(4 * MIB)), file('a', 'x')]]);
    await expect(cat(image, 'a', 2 * MIB)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    expect(await cat(image, 'a', 8 * MIB)).toBe('x');
  });

  it.each([
    ['is no tar', gzipSync('no tar at all'.repeat(100))],
    ['is cut', gzipSync(craftTar([file('a', Buffer.alloc(100_000, 'abc'))])).subarray(0, 100)],
  ])('that %s is refused', async (_name, blob) => {
    await expect(readFiles(imageOf([blob]), OPTIONS)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });
});

describe('a pattern', () => {
  it.each<readonly [pattern: string, path: string, matches: boolean]>([
    ['/etc/*', 'etc/passwd', true],
    ['etc/*', 'etc/ssl/certs', false],
    ['/etc/**', 'etc/ssl/certs', true],
    ['**/*.conf', 'a.conf', true],
    ['**/*.conf', 'etc/x/a.conf', true],
    ['/etc/*.conf', 'etc/aconf', false],
    ['/?', 'ab', false],
    ['/a?c*', 'abcde', true],
    ['/**/b/**/d', 'a/b/c/d', true],
    ['/**/b/**/d', 'a/b/c/d/e', false],
    ['/*a*a*a*a*a*a*a*a*b', `${'a'.repeat(5000)}c`, false],
    ['/**/a/**/a/**/a/**/b', 'a/'.repeat(500), false],
  ])('%s and %s: %s', (pattern, path, matches) => {
    expect(matchesGlob(parseGlob(pattern), path)).toBe(matches);
  });
});

describe('the bytes of a name', () => {
  it.each([
    ['a b', 'a b'],
    ['\xc3\xa9', 'é'],
    ['\xff\xc3', String.raw`\xff\xc3`],
    ['a\xe9', String.raw`a\xe9`],
  ])('%j are %s, and back', (bytes, text) => {
    expect(textOfBytes(bytes)).toBe(text);
    expect(bytesOfText(text)).toBe(bytes);
    expect(isText(bytes)).toBe(!text.includes('\\'));
  });
});
