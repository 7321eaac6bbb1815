import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import { createFilesAnswers } from '../../../src/pages/image/files/thread/answer-files.ts';
import type { AskedLayer, FilesReply } from '../../../src/pages/image/files/thread/question.ts';
import { readList } from '../../../src/pages/image/files/thread/read-layers.ts';
import { craftTar } from '../../images/layers/craft-tar.ts';
import { memoryRepository, type MemoryRepository } from '../../support/memory-registry.ts';

const MIB = 1024 * 1024;
const ZEROS = zstdCompressSync(Buffer.alloc(8 * MIB));

/** A layer of a few kilobytes that unpacks to a file of so many times 8 MiB. */
function bomb(name: string, times: number): Buffer {
  const head = craftTar([{ name, size: times * 8 * MIB }], Buffer.alloc(0));
  const frames = Array.from({ length: times }, () => ZEROS);
  return Buffer.concat([zstdCompressSync(head), ...frames, zstdCompressSync(Buffer.alloc(1024))]);
}

function store(repository: MemoryRepository, bytes: Buffer): AskedLayer {
  const digest = digestOf('sha256', bytes).text;
  repository.blobs.set(digest, bytes);
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest, size: bytes.length };
}

/** Asks for the root of an image whose layers may unpack to so many bytes. */
function openImage(layers: readonly Buffer[], mostUnpacked: number) {
  const repository = memoryRepository();
  const asked = layers.map((bytes) => store(repository, bytes));
  const read: string[] = [];
  const counting: MemoryRepository = {
    ...repository,
    readBlob: (blob, options) => {
      read.push(blob.digest.text);
      return repository.readBlob(blob, options);
    },
  };
  const answer = createFilesAnswers({
    registry: { repository: () => counting },
    largestLayer: 1_000_000_000,
    mostUnpacked,
    patience: () => new Promise(() => undefined),
  });
  const question = { repository: 'team/app', layers: asked, path: '', hasHidden: false, from: 0 };
  return { read, ask: (): Promise<FilesReply> => answer({ ...question, owner: 'alice' }) };
}

describe('layers that unpack to far more than they are', () => {
  it.each<readonly [name: string, times: readonly number[], mostUnpacked: number, kind: string]>([
    ['one by itself', [4], 20 * MIB, 'unreadable'],
    ['several together', [2, 2, 2], 40 * MIB, 'unreadable'],
    ['no more than an image may', [2, 2], 40 * MIB, 'directory'],
  ])('are refused: %s', async (_name, times, mostUnpacked, kind) => {
    const image = openImage(
      times.map((count, at) => bomb(`f${at}`, count)),
      mostUnpacked,
    );
    expect((await image.ask()).kind).toBe(kind);
  });

  it('are not read again to refuse their image again', async () => {
    const image = openImage([bomb('a', 2), bomb('b', 2), bomb('c', 2)], 40 * MIB);
    const replies = [await image.ask(), await image.ask()];
    const reason = `Its layers unpack to more than ${40 * MIB} bytes, the limit of a page.`;
    expect(replies).toEqual(Array.from({ length: 2 }, () => ({ kind: 'unreadable', reason })));
    expect(image.read).toHaveLength(3);
  });

  it('end with their signal, though all that is stored of them has been read', async () => {
    const repository = memoryRepository();
    const layer = store(repository, bomb('a', 40));
    const stop = new AbortController();
    const reading = {
      signal: stop.signal,
      onRead: () => stop.abort(new Error('nobody waits for it')),
    };
    await expect(readList({ source: repository, layer, limit: 1000 * MIB }, reading)).rejects.toThrow(
      'nobody waits for it',
    );
  });
});
