import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { V2 } from './layout.ts';
import { serveEmbedded, type TestServer } from './server.ts';
import { ACCEPT, image, index, jsonOf, SpecClient } from './spec-client.ts';

const REPOSITORY = 'team/app';

describe('two registries on one folder', () => {
  let folder: Folder;
  let servers: TestServer[];
  let one: SpecClient;
  let other: SpecClient;

  beforeEach(async () => {
    folder = await temporaryFolder('two');
    servers = [await serveEmbedded(folder.path), await serveEmbedded(folder.path)];
    [one, other] = servers.map(({ url }) => new SpecClient(url)) as [SpecClient, SpecClient];
  });
  afterEach(async () => {
    for (const client of [one, other]) client.close();
    for (const server of servers) await server.close();
    await folder.close();
  });

  async function tags(client: SpecClient): Promise<string[]> {
    return jsonOf<{ tags: string[] }>(await client.expect(200, 'GET', `/v2/${REPOSITORY}/tags/list`)).tags;
  }

  it('see each other at once: tags, repositories, deletions', async () => {
    const made = await one.image(REPOSITORY, 'tag-00');
    for (let round = 1; round < 12; round += 1) {
      const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one];
      const tag = `tag-${String(round).padStart(2, '0')}`;
      expect((await writer.manifest(REPOSITORY, tag, made)).status).toBe(201);
      expect(await tags(reader)).toContain(tag);
      await reader.expect(202, 'DELETE', `/v2/${REPOSITORY}/manifests/${tag}`);
      expect(await tags(writer)).toEqual(['tag-00']);
      await writer.blob(`team/new-${round}`);
      const catalog = await reader.expect(200, 'GET', '/v2/_catalog');
      expect(jsonOf<{ repositories: string[] }>(catalog).repositories).toContain(`team/new-${round}`);
    }
  });

  it('see the referrers of each other, also one that comes back after its folder stayed', async () => {
    const subject = await one.image(REPOSITORY, 'subject');
    const { type: mediaType, digest, size } = subject;
    const referrer = index([], { subject: { mediaType, digest, size } });
    const count = async (client: SpecClient): Promise<number> =>
      jsonOf<{ manifests: object[] }>(
        await client.expect(200, 'GET', `/v2/${REPOSITORY}/referrers/${subject.digest}`),
      ).manifests.length;
    expect([await count(one), await count(other)]).toEqual([0, 0]);
    await one.manifest(REPOSITORY, referrer.digest, referrer);
    expect([await count(one), await count(other)]).toEqual([1, 1]);
    // As distribution deletes: the link goes, its folder stays.
    const [algorithm, hex] = referrer.digest.split(':');
    const link = `repositories/${REPOSITORY}/_manifests/revisions/${algorithm}/${hex}/link`;
    await rm(join(folder.path, V2, link));
    expect([await count(one), await count(other)]).toEqual([0, 0]);
    await other.manifest(REPOSITORY, referrer.digest, referrer);
    expect([await count(one), await count(other)]).toEqual([1, 1]);
  });

  it('break nothing when both push, move tags and delete at once', async () => {
    const repositories = ['team/a', 'team/b'];
    const problems: string[] = [];
    const worker = async (client: SpecClient, lane: number): Promise<void> => {
      for (let round = 0; round < 15; round += 1) {
        const repository = repositories[(lane + round) % 2] ?? '';
        const config = await client.blob(repository, `{"n":${round % 4}}`);
        const made = image(config, await client.blob(repository, randomBytes(100)));
        const put = await client.manifest(repository, `tag-${round % 3}`, made);
        if (put.status !== 201) problems.push(`put: ${put.status} ${put.body.toString()}`);
        const got = await client.ask('GET', `/v2/${repository}/manifests/tag-${round % 3}`, {
          headers: { Accept: ACCEPT },
        });
        if (got.status !== 200 && got.status !== 404) problems.push(`get: ${got.status}`);
        const victim = round % 2 === 0 ? made.digest : `tag-${(round + 1) % 3}`;
        const gone = await client.ask('DELETE', `/v2/${repository}/manifests/${victim}`);
        if (gone.status !== 202 && gone.status !== 404)
          problems.push(`delete: ${gone.status} ${gone.body.toString()}`);
      }
    };
    await Promise.all([worker(one, 0), worker(other, 1), worker(one, 2), worker(other, 3)]);
    expect(problems).toEqual([]);
    for (const repository of repositories) {
      const { tags } = jsonOf<{ tags: string[] }>(
        await one.expect(200, 'GET', `/v2/${repository}/tags/list`),
      );
      for (const tag of tags) {
        await other.expect(200, 'GET', `/v2/${repository}/manifests/${tag}`, { headers: { Accept: ACCEPT } });
      }
    }
  });
});
