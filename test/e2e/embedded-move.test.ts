import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { filesIn, V2 } from '../backend/embedded/layout.ts';
import { serveEmbedded } from '../backend/embedded/server.ts';
import { SpecClient } from '../backend/embedded/spec-client.ts';
import { blobsOf, writeImage, type Image } from '../support/images.ts';
import { must, run, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';

interface Server {
  readonly url: string;
  close(): Promise<void>;
}

const KINDS: readonly { readonly name: string; readonly start: (directory: string) => Promise<Server> }[] = [
  { name: 'the embedded registry', start: (directory) => serveEmbedded(directory) },
  { name: 'docker-registry', start: (directory) => startRegistry(directory) },
];

describeWith(['skopeo', 'docker-registry'], 'a folder that moves between the two registries', () => {
  let folder: Folder;
  let image: Image;

  beforeAll(async () => {
    folder = await temporaryFolder('move');
    image = await writeImage(join(folder.path, 'image'), 3);
  });
  afterAll(() => folder.close());

  async function withServer<T>(
    kind: (typeof KINDS)[number] | undefined,
    directory: string,
    action: (name: string, client: SpecClient) => Promise<T>,
  ): Promise<T> {
    const server = await (kind ?? KINDS[0])?.start(directory);
    if (server === undefined) throw new Error('no server');
    const client = new SpecClient(server.url);
    try {
      return await action(`docker://${new URL(server.url).host}`, client);
    } finally {
      client.close();
      await server.close();
    }
  }

  const there = ['--dest-tls-verify=false'];
  const here = ['--src-tls-verify=false'];

  it.each([
    { name: 'embedded to docker-registry and back', first: KINDS[0], second: KINDS[1] },
    { name: 'docker-registry to embedded and back', first: KINDS[1], second: KINDS[0] },
  ])('$name', async ({ name, first, second }) => {
    const directory = join(folder.path, name.slice(0, 8));
    await withServer(first, directory, async (host) => {
      await must('skopeo', ['copy', ...there, `oci:${image.layout}:1`, `${host}/team/app:1`]);
      await must('skopeo', ['copy', ...there, ...here, `${host}/team/app:1`, `${host}/team/app:gone`]);
      await must('skopeo', ['copy', ...there, ...here, `${host}/team/app:1`, `${host}/team/other:2`]);
    });
    await withServer(second, directory, async (host, client) => {
      const back = join(folder.path, `back-${name.slice(0, 8)}`);
      await must('skopeo', ['copy', ...here, `${host}/team/app:1`, `oci:${back}:1`]);
      expect(await blobsOf(back)).toEqual(await blobsOf(image.layout));
      const { body } = await client.expect(200, 'GET', '/v2/_catalog');
      expect(JSON.parse(body.toString())).toEqual({ repositories: ['team/app', 'team/other'] });
      await must('skopeo', ['delete', '--tls-verify=false', `${host}/team/other:2`]);
      await must('skopeo', ['copy', ...there, ...here, `${host}/team/app:1`, `${host}/team/new:3`]);
    });
    await withServer(first, directory, async (host) => {
      const gone = await run('skopeo', ['inspect', '--tls-verify=false', `${host}/team/other:2`]);
      expect(gone.status).not.toBe(0);
      const inspect = ['inspect', '--tls-verify=false', '--format', '{{.Digest}}'];
      expect(await must('skopeo', [...inspect, `${host}/team/new:3`])).toBe(image.digest);
      const tags = await must('skopeo', ['list-tags', '--tls-verify=false', `${host}/team/app`]);
      expect((JSON.parse(tags) as { Tags: string[] }).Tags.toSorted()).toEqual(['1', 'gone']);
      await must('skopeo', ['delete', '--tls-verify=false', `${host}/team/app:gone`]);
    });
    await withServer(second, directory, async (host) => {
      const gone = await run('skopeo', ['inspect', '--tls-verify=false', `${host}/team/app:gone`]);
      expect(gone.status).not.toBe(0);
      // A tag goes with its manifest, and so does every other tag of it: skopeo deletes by digest.
      const other = await run('skopeo', ['inspect', '--tls-verify=false', `${host}/team/app:1`]);
      expect(other.status).not.toBe(0);
      await must('skopeo', ['inspect', '--tls-verify=false', `${host}/team/new:3`]);
    });
  });

  it('survives the garbage collector of either', async () => {
    const directory = join(folder.path, 'collected');
    const config = join(folder.path, 'collect.yml');
    const storage = { filesystem: { rootdirectory: directory }, delete: { enabled: true } };
    await writeFile(config, JSON.stringify({ version: '0.1', storage }));
    const pull = async (host: string): Promise<void> => {
      await must('skopeo', [
        'copy',
        ...here,
        `${host}/team/app:1`,
        `oci:${join(folder.path, 'collected-back')}:1`,
      ]);
    };
    const embedded = await serveEmbedded(directory);
    const client = new SpecClient(embedded.url);
    const host = `docker://${new URL(embedded.url).host}`;
    await must('skopeo', ['copy', ...there, `oci:${image.layout}:1`, `${host}/team/app:1`]);
    const loose = await client.blob('team/app', 'loose');
    await must('docker-registry', ['garbage-collect', config]);
    await pull(host);
    await client.expect(404, 'HEAD', `/v2/team/app/blobs/${loose}`);
    expect(await embedded.embedded.collectGarbage({ graceMs: -1000 })).toMatchObject({ blobs: 0, links: 1 });
    await pull(host);
    client.close();
    await embedded.close();
    await withServer(KINDS[1], directory, pull);
  });

  it('is written with the same names by both', async () => {
    const names: string[][] = [];
    for (const [at, kind] of KINDS.entries()) {
      const directory = join(folder.path, `same-${at}`);
      await withServer(kind, directory, async (host) => {
        await must('skopeo', ['copy', ...there, `oci:${image.layout}:1`, `${host}/team/app:1`]);
      });
      names.push(await filesIn(join(directory, V2)));
    }
    expect(names[0]).toEqual(names[1]);
    expect(names[0]?.length).toBe(8);
  });
});
