import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { diskSyncs } from '../../../src/lib/files/disk-sync.ts';
import { temporaryFolder, until, type Folder } from '../../support/programs.ts';
import { serveEmbedded, type TestServer } from './server.ts';
import { ACCEPT, digestOf, image, SpecClient, type Answer, type Made } from './spec-client.ts';

const REPOSITORY = 'team/app';
/** As many threads as the program has, and as Node.js has by itself. */
const THREADS = 16;
const FEW_THREADS = 4;

/** Stands for the disk: every sync waits until it is released. */
class SlowDisk {
  readonly #waiting: (() => void)[] = [];
  isSlow = true;

  sync(): Promise<void> {
    return this.isSlow ? new Promise((resolve) => void this.#waiting.push(resolve)) : Promise.resolve();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

describe('a push to a slow disk', () => {
  let folder: Folder;
  let server: TestServer;
  let client: SpecClient;
  let disk: SlowDisk;

  beforeEach(async () => {
    folder = await temporaryFolder('syncs');
    server = await serveEmbedded(folder.path, { clearsUp: false });
    client = new SpecClient(server.url);
    disk = new SlowDisk();
    const file = await open(folder.path);
    const prototype = Object.getPrototypeOf(file) as { sync(): Promise<void> };
    await file.close();
    vi.spyOn(prototype, 'sync').mockImplementation(() => disk.sync());
    diskSyncs.setThreads(THREADS);
  });
  afterEach(async () => {
    disk.isSlow = false;
    disk.release();
    vi.restoreAllMocks();
    diskSyncs.setThreads(FEW_THREADS);
    client.close();
    await server.close();
    await folder.close();
  });

  /** How many waits for the disk there are at the same time, one number for each time that it is waited for. */
  async function waitsOf(work: Promise<Answer>, expected: readonly number[]): Promise<Answer> {
    for (const count of expected) {
      await until(
        () => (disk.waiting >= count ? true : undefined),
        () => `${disk.waiting} wait for the disk, not ${count}`,
      );
      expect(disk.waiting).toBe(count);
      disk.release();
    }
    return work;
  }

  async function pushBlob(bytes: Buffer, expected: readonly number[]): Promise<string> {
    const location = await client.begin(REPOSITORY);
    const answer = await waitsOf(client.put(location, digestOf(bytes), bytes), expected);
    expect(answer.status).toBe(201);
    return digestOf(bytes);
  }

  /** Content whose digest begins with these characters, so that its folders are known. */
  function blobOf(shelf: string): Buffer {
    for (;;) {
      const bytes = randomBytes(32);
      if (digestOf(bytes).startsWith(`sha256:${shelf}`)) return bytes;
    }
  }

  function imageOf(shelf: string, config: string, layer: string): Made {
    for (let salt = 0; ; salt += 1) {
      const made = image(config, layer, { annotations: { salt: String(salt) } });
      if (made.digest.startsWith(`sha256:${shelf}`)) return made;
    }
  }

  it('waits twice for a blob and three times for a manifest, each time for all at once', async () => {
    // Two contents. Then the folders: of the blob and its link, and those that are new on the way to either.
    const config = await pushBlob(blobOf('00'), [2, 10]);
    const layer = await pushBlob(blobOf('01'), [2, 5]);
    await pushBlob(blobOf('00'), [2, 4]);
    // Manifest, revision and a tag that is made aside, with its folders; folders of the first two; folders of the tag.
    const first = imageOf('02', config, layer);
    const other = imageOf('03', config, layer);
    const answers = [
      await waitsOf(client.manifest(REPOSITORY, 'tag', first), [9, 8, 2]),
      await waitsOf(client.manifest(REPOSITORY, 'tag', other), [4, 5, 3]),
      await waitsOf(client.manifest(REPOSITORY, 'second', other), [9, 2, 1]),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it('forces to the disk what was there before, once more', async () => {
    const bytes = blobOf('00');
    await pushBlob(bytes, [2, 10]);
    await pushBlob(bytes, [2, 2]);
    expect(await pushBlob(bytes, [2, 2])).toBe(digestOf(bytes));
  });

  it('leaves threads to reads, however many push', async () => {
    disk.isSlow = false;
    await client.image(REPOSITORY, 'tag');
    disk.isSlow = true;
    diskSyncs.setThreads(FEW_THREADS);
    const pushes = Array.from({ length: 6 }, () => client.blob(REPOSITORY));
    await until(
      () => (disk.waiting === diskSyncs.limit ? true : undefined),
      () => `${disk.waiting} wait for the disk`,
    );
    expect(diskSyncs.limit).toBe(2);
    const { status } = await client.ask('GET', `/v2/${REPOSITORY}/manifests/tag`, {
      headers: { Accept: ACCEPT },
    });
    expect([status, disk.waiting]).toEqual([200, 2]);
    disk.isSlow = false;
    disk.release();
    expect((await Promise.all(pushes)).length).toBe(6);
  });

  it.each([
    [2, 1],
    [4, 2],
    [8, 6],
    [16, 12],
    [128, 96],
  ])('of %d threads it uses %d', (threads, expected) => {
    diskSyncs.setThreads(threads);
    expect(diskSyncs.limit).toBe(expected);
  });
});
