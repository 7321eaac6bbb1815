import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { decompress, decompressAny } from '../../../src/images/compression/decompress.ts';
import { describeWith } from '../../support/requires.ts';

const NOISE = Buffer.concat([randomBytes(30_000), Buffer.alloc(70_000), randomBytes(100)]);
const [HALF, REST] = [NOISE.subarray(0, 50_000), NOISE.subarray(50_000)];
const SKIPPABLE = Buffer.concat([Buffer.from('502a4d1805000000', 'hex'), Buffer.from('hello')]);
const CHECKED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/** Gives the bytes in pieces of this size, all in one buffer, as sources do. */
async function* inPieces(bytes: Buffer, size: number): AsyncIterable<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    part.copy(buffer);
    yield buffer.subarray(0, part.length);
    buffer.fill(0xff);
  }
}

async function expand(bytes: Buffer, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const plain = decompressAny(inPieces(bytes, size), (reason) => new Error(`damaged: ${reason}`));
  for await (const piece of plain) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

const program = (name: string) => (): Buffer =>
  spawnSync(name, ['-c'], { input: NOISE, maxBuffer: 1e8 }).stdout;

const FORMS: readonly (readonly [name: string, pack: () => Buffer, sizes: readonly number[]])[] = [
  ['nothing', () => NOISE, [1e9, 4096]],
  ['gzip', () => gzipSync(NOISE), [1e9, 4096]],
  ['gzip in two members', () => Buffer.concat([gzipSync(HALF), gzipSync(REST)]), [1e9, 4096, 97]],
  ['gzip with zeros behind', () => Buffer.concat([gzipSync(NOISE), Buffer.alloc(1000)]), [1e9, 4096]],
  ['zstd', () => zstdCompressSync(NOISE), [1e9, 4096, 7]],
  [
    'zstd with checksums, in two frames',
    () => Buffer.concat([zstdCompressSync(HALF, CHECKED), zstdCompressSync(REST, CHECKED)]),
    [1e9, 4096, 7],
  ],
  [
    'zstd in three frames, two of them to be skipped',
    () => Buffer.concat([SKIPPABLE, zstdCompressSync(NOISE), SKIPPABLE]),
    [1e9, 4096, 7],
  ],
  [
    'zstd with an empty frame',
    () => Buffer.concat([zstdCompressSync(HALF), zstdCompressSync(Buffer.alloc(0)), zstdCompressSync(REST)]),
    [1e9, 5],
  ],
];

describe('decompression', () => {
  it.each(FORMS)('undoes %s, whatever the pieces are', async (_name, pack, sizes) => {
    for (const size of sizes)
      expect((await expand(pack(), Math.min(size, 200_000))).equals(NOISE)).toBe(true);
  });

  it.each([
    ['gzip that is cut', () => gzipSync(NOISE).subarray(0, -5)],
    ['gzip that is damaged', () => Buffer.from(gzipSync(NOISE)).fill(0, 1000, 1100)],
    ['zstd that is cut', () => zstdCompressSync(NOISE).subarray(0, -5)],
    ['zstd that is damaged', () => Buffer.from(zstdCompressSync(NOISE, CHECKED)).fill(0, 1000, 1100)],
    ['zstd that wants 2 GiB of memory', () => Buffer.from('28b52ffd00a8010000', 'hex')],
  ])('refuses %s', async (_name, pack) => {
    await expect(expand(pack(), 4096)).rejects.toThrow(/^damaged: /);
  });

  it.each([
    ['gzip', () => Buffer.from(gzipSync(NOISE)).fill(0, 1000, 1100)],
    ['zstd', () => Buffer.from(zstdCompressSync(NOISE, CHECKED)).fill(0, 1000, 1100)],
  ] as const)('closes its source after damaged %s', async (format, pack) => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const source = async function* source(): AsyncIterable<Uint8Array> {
      try {
        while (true) yield pack();
      } finally {
        resolve();
      }
    };
    const plain = decompress(source(), format, () => new Error('damaged'));
    const drain = async (): Promise<void> => {
      for await (const piece of plain) expect(piece.length).toBeGreaterThan(0);
    };
    await expect(drain()).rejects.toThrow('damaged');
    await closed;
  });

  it('ends with the error of its source', async () => {
    const broken = async function* broken(): AsyncIterable<Uint8Array> {
      yield gzipSync(NOISE).subarray(0, 1000);
      throw new Error('the network is gone');
    };
    const plain = decompressAny(broken(), (reason) => new Error(`damaged: ${reason}`));
    const drain = async (): Promise<void> => {
      for await (const piece of plain) expect(piece.length).toBeGreaterThan(0);
    };
    await expect(drain()).rejects.toThrow('the network is gone');
  });
});

describeWith(['bzip2', 'xz'], 'decompression by programs', () => {
  it.each(['bzip2', 'xz'])('undoes %s', async (name) => {
    for (const size of [200_000, 4096])
      expect((await expand(program(name)(), size)).equals(NOISE)).toBe(true);
  });

  it.each(['bzip2', 'xz'])('refuses %s that is cut', async (name) => {
    await expect(expand(program(name)().subarray(0, -50), 4096)).rejects.toThrow(/^damaged: /);
  });
});

describe('decompression where the program is missing', () => {
  const before = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = before;
  });

  it.each([
    ['bzip2', '425a6839', 'apt-get install bzip2'],
    ['xz', 'fd377a585a00', 'apt-get install xz-utils'],
  ])('says what to install for %s', async (_name, magic, cure) => {
    process.env['PATH'] = '/nowhere';
    await expect(expand(Buffer.from(magic, 'hex'), 4096)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      hint: expect.stringContaining(cure),
    });
  });
});
