import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { filesIn, storedBlobs } from '../embedded/layout.ts';
import type { TestServer } from '../embedded/server.ts';
import { serveEmbedded } from '../embedded/server.ts';
import { ACCEPT, digestOf, image, locationOf, SpecClient } from '../embedded/spec-client.ts';
import type { Folder } from '../support/programs.ts';
import { must, run, temporaryFolder } from '../support/programs.ts';
import { MOUNT_NEEDS, describeWith } from '../support/requires.ts';

const MIB = 1024 * 1024;
const REPOSITORY = 'team/app';

describeWith([...MOUNT_NEEDS, 'umount'], 'a disk of 4 MiB', () => {
  let folder: Folder;
  let disk: string;
  let server: TestServer;
  let client: SpecClient;

  beforeAll(async () => {
    folder = await temporaryFolder('disk');
    disk = join(folder.path, 'disk');
    await mkdir(disk);
    await must('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', disk]);
    server = await serveEmbedded(disk);
    client = new SpecClient(server.url);
  });
  afterAll(async () => {
    client.close();
    await server.close();
    await run('umount', [disk]);
    await folder.close();
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
    await fill(join(disk, 'filler'));
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
});

/** Writes until the disk takes no more. */
async function fill(path: string): Promise<void> {
  for (let size = 64 * 1024; size >= 1; size /= 2) {
    for (;;) {
      try {
        await writeFile(path, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
