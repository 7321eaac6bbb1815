import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileTarWriter } from '../../../src/images/archive/write/file-tar-writer.ts';
import { StreamTarWriter } from '../../../src/images/archive/write/stream-tar-writer.ts';
import type { TarWriter } from '../../../src/images/archive/write/tar-writer.ts';
import { piecesOf } from '../../../src/lib/streams/pieces-of.ts';
import { run, temporaryFolder, type Folder } from '../../support/programs.ts';

interface Entry {
  readonly name: string;
  readonly bytes: Buffer;
  /** Whether it is added in pieces. */
  readonly isLarge: boolean;
}

/** Of many sizes; every seventh is added in pieces. */
const ENTRIES: readonly Entry[] = Array.from({ length: 300 }, (_, at) => ({
  name: `blobs/${at}`,
  bytes: Buffer.alloc((at * 977) % 9000, String.fromCharCode(97 + (at % 26))),
  isLarge: at % 7 === 3,
}));

describe('the writer of a tar', () => {
  let folder: Folder;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder('tar-writer');
    path = join(folder.path, 'a.tar');
  });
  afterEach(() => folder.close());

  /** Small ones come in an order of their own. */
  const addAll = async (writer: TarWriter, entries: readonly Entry[]): Promise<void> => {
    const waiting: (() => void)[] = [];
    const adding = entries.map(({ name, bytes, isLarge }) =>
      isLarge
        ? writer.add(name, bytes.length, () => piecesOf(bytes.subarray(0, 100), bytes.subarray(100)))
        : writer.addWhole(name, bytes.length, async () => {
            await new Promise<void>((resolve) => waiting.push(resolve));
            return bytes;
          }),
    );
    for (const give of waiting.toReversed()) give();
    await Promise.all(adding);
  };

  const content = async (): Promise<{ readonly names: string[]; readonly bytes: string }> => ({
    names: (await run('tar', ['-tf', path])).stdout.trim().split('\n'),
    bytes: (await run('tar', ['-xOf', path])).stdout,
  });
  const expected = {
    names: ENTRIES.map(({ name }) => name),
    bytes: Buffer.concat(ENTRIES.map(({ bytes }) => bytes)).toString(),
  };

  it('keeps the order of the calls in a file, whichever is there first', async () => {
    const file = await open(path, 'w');
    const writer = new FileTarWriter(file);
    await addAll(writer, ENTRIES);
    await writer.end();
    await file.close();
    expect(await content()).toEqual(expected);
  });

  it('keeps the order of the calls in a stream', async () => {
    const file = await open(path, 'w');
    const writer = new StreamTarWriter(file.createWriteStream(), 'none', true);
    await addAll(writer, ENTRIES);
    await writer.end();
    expect(await content()).toEqual(expected);
  });

  it('gives an entry that failed its place at the next try, and has no end without it', async () => {
    const file = await open(path, 'w');
    const writer = new FileTarWriter(file);
    const fails = new Error('not there');
    const first = writer.addWhole('first', 5, () => Promise.reject(fails));
    const second = writer.addWhole('second', 6, async () => Buffer.from('second'));
    await expect(first).rejects.toBe(fails);
    await second;
    await expect(writer.end()).rejects.toThrow('not written');
    await expect(writer.addWhole('first', 5, async () => Buffer.from('long'))).rejects.toThrow(
      '4 bytes instead of 5',
    );
    await writer.addWhole('first', 5, async () => Buffer.from('first'));
    await writer.end();
    await file.close();
    expect(await content()).toEqual({ names: ['first', 'second'], bytes: 'firstsecond' });
  });

  it('has no end where the disk took no small entries', async () => {
    const file = await open('/dev/full', 'w');
    const writer = new FileTarWriter(file);
    await writer.addWhole('a', 1, async () => Buffer.from('a'));
    await expect(writer.end()).rejects.toMatchObject({ code: 'ENOSPC' });
    await file.close();
  });
});
