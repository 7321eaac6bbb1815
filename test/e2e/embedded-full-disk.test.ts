import { randomBytes } from 'node:crypto';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { BlobFiles } from '../../src/backend/cache/blob-files.ts';
import { openEmbedded } from '../../src/backend/embedded/embedded.ts';
import { withFileLock } from '../../src/lib/files/file-lock.ts';
import { makeDirectory } from '../../src/lib/files/ownership.ts';
import { filesIn, storedBlobs, V2 } from '../backend/embedded/layout.ts';
import { serveEmbedded, type TestServer } from '../backend/embedded/server.ts';
import { ACCEPT, digestOf, image, locationOf, SpecClient } from '../backend/embedded/spec-client.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { MOUNT_NEEDS, describeWith } from '../support/requires.ts';
import { until } from '../support/programs.ts';
import { recordingTerminal } from '../support/terminal.ts';

const MIB = 1024 * 1024;
const REPOSITORY = 'team/app';

describeWith([...MOUNT_NEEDS, 'umount'], 'a disk of 4 MiB', () => {
  let small: SmallDisk;
  let disk: string;
  let server: TestServer;
  let client: SpecClient;

  beforeEach(async () => {
    small = await mountSmallDisk('disk', '4m');
    disk = small.path;
    server = await serveEmbedded(disk);
    client = new SpecClient(server.url);
  });
  afterEach(async () => {
    client.close();
    await server.close();
    await small.close();
  });

  it('refuses what does not fit with 507, keeps nothing of it, and goes on', async () => {
    const bytes = randomBytes(6 * MIB);
    const headers = { 'Content-Type': 'application/octet-stream' };
    const before = await filesIn(disk);
    const post = await client.ask('POST', `/v2/${REPOSITORY}/blobs/uploads/?digest=${digestOf(bytes)}`, {
      body: bytes,
      headers,
    });
    expect(post.status).toBe(507);
    expect(post.body.toString()).toContain('disk');
    expect(await filesIn(disk)).toEqual(before);

    const location = locationOf(await client.patch(await client.begin(REPOSITORY), bytes.subarray(0, MIB)));
    expect((await client.patch(location, bytes.subarray(MIB))).status).toBe(507);
    expect((await client.expect(204, 'GET', location)).headers['range']).toBe(`0-${MIB - 1}`);
    expect((await client.put(location, digestOf(bytes), bytes.subarray(MIB))).status).toBe(507);
    expect((await client.expect(204, 'GET', location)).headers['range']).toBe(`0-${MIB - 1}`);
    expect((await client.put(location, digestOf(bytes.subarray(0, MIB)))).status).toBe(201);
    expect((await storedBlobs(disk)).map(({ whole }) => whole)).toEqual([true]);
  });

  it('serves, and deletes, when not a byte is left', async () => {
    const made = await client.image(REPOSITORY, 'tag');
    const before = await filesIn(disk);
    await small.fill();
    expect(await server.embedded.unready()).toBeUndefined();
    expect(await server.embedded.limitation()).toContain('is full: pulls work, pushes are refused');
    const again = await client.manifest(REPOSITORY, 'other', image(digestOf('{}'), undefined));
    expect(again.status).toBe(507);
    const blob = await client.ask('POST', `/v2/${REPOSITORY}/blobs/uploads/?digest=${digestOf('some')}`, {
      body: 'some',
    });
    expect(blob.status).toBe(507);
    expect((await filesIn(disk)).filter((path) => path !== 'filler')).toEqual(before);
    const path = `/v2/${REPOSITORY}/manifests`;
    await client.expect(200, 'GET', `${path}/tag`, { headers: { Accept: ACCEPT } });
    await client.expect(202, 'DELETE', `${path}/${made.digest}`);
    await client.expect(404, 'GET', `${path}/tag`);
  });

  it('gives back with gc what no image needs, when not a byte is left', async () => {
    const kept = await client.image(REPOSITORY, 'tag');
    await client.blob(REPOSITORY, randomBytes(MIB));
    await client.patch(await client.begin(REPOSITORY), randomBytes(MIB));
    await small.fill();
    const terminal = recordingTerminal();
    expect(await run(['gc', '--data', disk, '--older-than', '0s'], terminal)).toBe(0);
    expect(terminal.stdout()).toContain('Abandoned uploads: 1');
    expect((await storedBlobs(disk)).map(({ digest }) => digest)).toContain(kept.digest);
    await client.expect(200, 'GET', `/v2/${REPOSITORY}/manifests/tag`, { headers: { Accept: ACCEPT } });
    const again = digestOf('again');
    const post = await client.ask('POST', `/v2/${REPOSITORY}/blobs/uploads/?digest=${again}`, {
      body: 'again',
      headers: { 'Content-Type': 'application/octet-stream' },
    });
    expect(post.status).toBe(201);
  });

  it('lets one in at a time, when not a byte is left', async () => {
    await small.fill();
    const path = join(disk, 'file');
    const seen: string[][] = [];
    await Promise.all(
      [1, 2, 3].map(() =>
        withFileLock(path, async (lock) => {
          await lock.assertHeld();
          seen.push((await readdir(disk)).filter((name) => name.endsWith('.lock')));
        }),
      ),
    );
    expect(seen).toEqual([['.file.lock'], ['.file.lock'], ['.file.lock']]);
    expect(await readdir(disk)).not.toContain('.file.lock');
  });

  it('lets idle uploads go, and no others', async () => {
    const locations = [];
    for (let at = 0; at < 2; at += 1)
      locations.push(locationOf(await client.patch(await client.begin(REPOSITORY), randomBytes(MIB))));
    const young = locationOf(await client.patch(await client.begin(REPOSITORY), 'some'));
    const ages = new Map([
      [locations[0], 20],
      [locations[1], 10],
    ]);
    for (const path of await filesIn(join(disk, V2, '.uploads'))) {
      const [, minutes] = [...ages].find(([location]) => path.includes(idOf(location))) ?? [];
      if (minutes === undefined) continue;
      const then = new Date(Date.now() - minutes * 60_000);
      await utimes(join(disk, V2, '.uploads', path), then, then);
    }
    await small.fill();
    // What is to go is looked for once in a second.
    await until(
      async () => {
        const blob = await client.ask('POST', `/v2/${REPOSITORY}/blobs/uploads/?digest=${digestOf('some')}`, {
          body: 'some',
          headers: { 'Content-Type': 'application/octet-stream' },
        });
        return blob.status === 201 ? true : undefined;
      },
      () => 'no space was given back',
    );
    // This disk is always below the mark of 64 MiB, so that all that are idle go; a young one stays.
    for (const location of locations) expect((await client.ask('GET', location)).status).toBe(404);
    expect((await client.ask('GET', young)).status).toBe(204);
  });

  it('says that it is read-only, and pulls work', async () => {
    await client.image(REPOSITORY, 'tag');
    await small.makeReadOnly();
    expect(await server.embedded.unready()).toBeUndefined();
    expect(await server.embedded.limitation()).toContain('is read-only: pulls work');
    await client.expect(200, 'GET', `/v2/${REPOSITORY}/manifests/tag`, { headers: { Accept: ACCEPT } });
    const post = await client.ask('POST', `/v2/${REPOSITORY}/blobs/uploads/`);
    expect([post.status, post.body.toString()]).toEqual([500, expect.stringContaining('not written')]);
    const logger = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
    for (const directory of [disk, join(disk, 'a/new/one')]) {
      await expect(openEmbedded({ directory, now: () => new Date(), logger })).rejects.toThrow(
        'is on a read-only file system',
      );
    }
    await expect(makeDirectory(join(disk, 'certs/of/it'), 0o750)).rejects.toMatchObject({ code: 'EROFS' });
    const cache = BlobFiles.open({ directory: join(disk, 'cache'), limit: MIB, now: () => new Date() });
    await expect(cache).rejects.toThrow('EROFS');
  });
});

function idOf(location: string | undefined): string {
  return location?.split('/').at(-1)?.split('?')[0] ?? '';
}
