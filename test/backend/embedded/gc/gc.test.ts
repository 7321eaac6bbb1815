import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GcReport } from '../../../../src/backend/embedded/gc/gc.ts';
import { temporaryFolder, type Folder } from '../../../support/programs.ts';
import { filesIn, storedBlobs, V2 } from '../layout.ts';
import { serveEmbedded, type TestServer } from '../server.ts';
import type { Made } from '../spec-client.ts';
import {
  ACCEPT,
  digestOf,
  image,
  index,
  locationOf,
  OCI_LAYER,
  OCI_MANIFEST,
  SpecClient,
} from '../spec-client.ts';

const accept = { Accept: ACCEPT };
const NOTHING: GcReport = { blobs: 0, bytes: 0, manifests: 0, uploads: 0, links: 0, unreadable: [] };

describe('collecting garbage', () => {
  let folder: Folder;
  let server: TestServer;
  let client: SpecClient;

  beforeEach(async () => {
    folder = await temporaryFolder('gc');
    server = await serveEmbedded(folder.path);
    client = new SpecClient(server.url);
  });
  afterEach(async () => {
    client.close();
    await server.close();
    await folder.close();
  });

  /** Makes everything that is there as old as two hours. */
  async function age(): Promise<void> {
    const then = new Date(Date.now() - 2 * 60 * 60 * 1000);
    for (const path of await filesIn(folder.path)) await utimes(join(folder.path, path), then, then);
  }

  it('keeps what manifests need and removes the rest, with the links to it', async () => {
    const kept = await client.image('team/app', '1');
    const lost = await client.blob('team/app', randomBytes(1000));
    const gone = await client.image('team/app', '2');
    await client.expect(202, 'DELETE', `/v2/team/app/manifests/${gone.digest}`);
    await age();
    const dry = await server.embedded.collectGarbage({ dryRun: true });
    const report = await server.embedded.collectGarbage();
    expect(report).toEqual({ ...NOTHING, blobs: 3, bytes: 1000 + 64 + gone.size, links: 2 });
    expect(dry).toEqual(report);
    await client.expect(404, 'HEAD', `/v2/team/app/blobs/${lost}`);
    for (const { digest } of (JSON.parse(kept.bytes) as { layers: { digest: string }[] }).layers) {
      await client.expect(200, 'GET', `/v2/team/app/blobs/${digest}`);
    }
    await client.expect(200, 'GET', '/v2/team/app/manifests/1', { headers: accept });
    expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
  });

  it('keeps what is young', async () => {
    const digest = await client.blob('team/app');
    expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
    await client.expect(200, 'HEAD', `/v2/team/app/blobs/${digest}`);
    expect(await server.embedded.collectGarbage({ graceMs: -1000 })).toMatchObject({ blobs: 1, links: 1 });
  });

  it('keeps a blob that a client was told of', async () => {
    const digest = await client.blob('team/app');
    await age();
    await client.expect(200, 'HEAD', `/v2/team/app/blobs/${digest}`);
    expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
  });

  it('keeps a blob that was mounted', async () => {
    const digest = await client.blob('team/app');
    await age();
    await client.expect(201, 'POST', `/v2/team/other/blobs/uploads/?mount=${digest}&from=team/app`);
    expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
  });

  it('keeps the manifests of a repository that has no blob of its own', async () => {
    const empty = index([]);
    await client.manifest('lists/only', 'tag', empty);
    await age();
    expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
    await client.expect(200, 'GET', '/v2/lists/only/manifests/tag', { headers: accept });
  });

  it('drops untagged manifests if asked to, and none that a tag leads to', async () => {
    const child = await untagged(client, 'team/app');
    const list = index([child]);
    expect((await client.manifest('team/app', 'list', list)).status).toBe(201);
    const { type, digest, size } = child;
    const referrer = index([], { subject: { mediaType: type, digest, size } });
    expect((await client.manifest('team/app', referrer.digest, referrer)).status).toBe(201);
    const loose = await untagged(client, 'team/app');
    await age();
    const young = await untagged(client, 'team/app');
    expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
    const dry = await server.embedded.collectGarbage({ dryRun: true, dropUntagged: true });
    const report = await server.embedded.collectGarbage({ dropUntagged: true });
    expect(report).toEqual({ ...NOTHING, manifests: 1, blobs: 2, bytes: loose.size + 64, links: 1 });
    expect(dry).toEqual(report);
    for (const { digest } of [child, list, referrer, young]) {
      await client.expect(200, 'GET', `/v2/team/app/manifests/${digest}`, { headers: accept });
    }
    await client.expect(404, 'GET', `/v2/team/app/manifests/${loose.digest}`, { headers: accept });
  });

  it('ends uploads that lay still for a day', async () => {
    const still = locationOf(await client.patch(await client.begin('team/app'), 'some'));
    const then = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const path of await filesIn(join(folder.path, V2, '.uploads'))) {
      await utimes(join(folder.path, V2, '.uploads', path), then, then);
    }
    const moving = await client.begin('team/app');
    expect(await server.embedded.collectGarbage({ dryRun: true })).toEqual({ ...NOTHING, uploads: 1 });
    await client.expect(204, 'GET', still);
    expect(await server.embedded.collectGarbage()).toEqual({ ...NOTHING, uploads: 1 });
    await client.expect(404, 'GET', still);
    await client.expect(204, 'GET', moving);
  });

  /** Where a manifest stands on the disk. */
  async function pathOf(digest: string): Promise<string> {
    const { path } = (await storedBlobs(folder.path)).find((blob) => blob.digest === digest) ?? { path: '' };
    return join(folder.path, V2, 'blobs', path);
  }

  async function reopen(): Promise<void> {
    await server.close();
    server = await serveEmbedded(folder.path);
    client.close();
    client = new SpecClient(server.url);
  }

  /** A link as another registry writes it: to a digest that is not its own. */
  async function writeLink(path: string, digest: string): Promise<void> {
    const link = join(folder.path, V2, 'repositories', path, 'link');
    await mkdir(dirname(link), { recursive: true });
    await writeFile(link, digest);
  }

  it('keeps all blobs of a repository with a damaged manifest, names it, and goes on for the rest', async () => {
    const made = await client.image('team/app', '1');
    const kept = await client.blob('team/app');
    const lost = await client.blob('team/other');
    await writeFile(await pathOf(made.digest), '{');
    await reopen();
    await age();
    const report = await server.embedded.collectGarbage();
    expect(report).toMatchObject({ blobs: 1, unreadable: [{ repository: 'team/app', digest: made.digest }] });
    await client.expect(200, 'HEAD', `/v2/team/app/blobs/${kept}`);
    await client.expect(404, 'HEAD', `/v2/team/other/blobs/${lost}`);
  });

  it('drops no untagged manifest where a tagged one can not be read', async () => {
    const damaged = await client.image('team/app', '1');
    const loose = await untagged(client, 'team/app');
    const gone = await untagged(client, 'team/other');
    await writeFile(await pathOf(damaged.digest), '{');
    await reopen();
    await age();
    expect(await server.embedded.collectGarbage({ dropUntagged: true })).toMatchObject({ manifests: 1 });
    await client.expect(200, 'GET', `/v2/team/app/manifests/${loose.digest}`, { headers: accept });
    await client.expect(404, 'GET', `/v2/team/other/manifests/${gone.digest}`, { headers: accept });
  });

  it.each(['sha384', 'sha512'] as const)(
    'M-B9: keeps what a %s digest names whose link points to sha256, as distribution writes it',
    async (algorithm) => {
      const bytes = randomBytes(100);
      const canonical = await client.blob('team/app', bytes);
      const alias = digestOf(bytes, algorithm);
      await writeLink(`team/app/_layers/${algorithm}/${alias.slice(7)}`, canonical);
      const made = image(await client.blob('team/app', '{}'), alias);
      expect((await client.manifest('team/app', 'tag', made)).status).toBe(201);
      await client.expect(201, 'POST', `/v2/team/other/blobs/uploads/?mount=${alias}&from=team/app`);
      await client.expect(202, 'DELETE', `/v2/team/app/blobs/${canonical}`);
      await age();
      expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
      for (const repository of ['team/app', 'team/other']) {
        const { body } = await client.expect(200, 'GET', `/v2/${repository}/blobs/${alias}`);
        expect(digestOf(body)).toBe(canonical);
      }
      await client.expect(202, 'DELETE', `/v2/team/app/manifests/${made.digest}`);
      await age();
      expect(await server.embedded.collectGarbage({ dryRun: true })).toMatchObject({ blobs: 3, links: 3 });
      expect(await server.embedded.collectGarbage()).toMatchObject({ blobs: 3, links: 3 });
    },
  );

  it('keeps a manifest by sha512 whose link points to sha256, and its layers', async () => {
    const made = await client.image('team/app', '1');
    const alias = digestOf(made.bytes, 'sha512');
    await writeLink(`team/app/_manifests/revisions/sha512/${alias.slice(7)}`, made.digest);
    await rm(join(folder.path, V2, 'repositories/team/app/_manifests/revisions/sha256'), { recursive: true });
    await rm(join(folder.path, V2, 'repositories/team/app/_manifests/tags'), { recursive: true });
    await age();
    expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
    const path = `/v2/team/app/manifests/${alias}`;
    expect((await client.expect(200, 'GET', path, { headers: accept })).body.toString()).toBe(made.bytes);
    await writeLink(`team/app/_manifests/revisions/sha512/${'0'.repeat(128)}`, made.digest);
    await client.expect(500, 'GET', `/v2/team/app/manifests/sha512:${'0'.repeat(128)}`, { headers: accept });
  });

  it.each([
    { name: 'a layer by its media type', mediaType: OCI_LAYER, size: 64 },
    { name: 'what is larger than manifests are', mediaType: '', size: 4 * 1024 * 1024 + 1 },
  ])('does not read, as a manifest, what an index lists: $name', async ({ mediaType, size }) => {
    // What a reader would take for a manifest, so that reading it shows.
    const lost = await client.blob('team/app');
    const text = JSON.stringify({ schemaVersion: 2, config: { digest: lost } });
    const digest = await client.blob('team/app', text.padEnd(size));
    const list = index([{ type: mediaType, digest, size, bytes: text }]);
    expect((await client.manifest('team/app', 'cache', list)).status).toBe(201);
    await age();
    expect(await server.embedded.collectGarbage()).toMatchObject({ blobs: 1, links: 1, unreadable: [] });
    await client.expect(200, 'HEAD', `/v2/team/app/blobs/${digest}`);
  });

  it('keeps what a manifest needs that only an index names', async () => {
    const layer = await client.blob('team/app');
    const text = JSON.stringify({ schemaVersion: 2, config: { digest: layer } });
    const digest = await client.blob('team/app', text);
    const list = index([{ type: OCI_MANIFEST, digest, size: text.length, bytes: text }]);
    expect((await client.manifest('team/app', 'list', list)).status).toBe(201);
    await age();
    expect(await server.embedded.collectGarbage()).toEqual(NOTHING);
  });

  it('puts back what a collector that was killed had taken away', async () => {
    const made = await client.image('team/app', '1');
    const layer = (JSON.parse(made.bytes) as { layers: { digest: string }[] }).layers[0]?.digest ?? '';
    const root = join(folder.path, V2);
    const { path } = (await storedBlobs(folder.path)).find(({ digest }) => digest === layer) ?? { path: '' };
    await rename(join(root, 'blobs', path), join(root, '.staging', `collected-${layer.replace(':', '-')}`));
    await client.expect(200, 'HEAD', `/v2/team/app/blobs/${layer}`);
    await server.close();
    server = await serveEmbedded(folder.path);
    client.close();
    client = new SpecClient(server.url);
    const { body } = await client.expect(200, 'GET', `/v2/team/app/blobs/${layer}`);
    expect(digestOf(body)).toBe(layer);
    expect((await storedBlobs(folder.path)).some(({ digest }) => digest === layer)).toBe(true);
  });

  it('tells how far it is', async () => {
    await client.image('team/app', '1');
    const seen: string[] = [];
    await server.embedded.collectGarbage({ onProgress: ({ phase, done }) => seen.push(`${phase} ${done}`) });
    expect(seen).toEqual(['mark 1', 'links 1']);
  });

  it('takes nothing from pushes that run meanwhile', async () => {
    const problems: string[] = [];
    const state = { collecting: true, pushes: 0 };
    // Without a grace period most pushes are told to send again; it goes on until enough of them came through.
    const collector = (async () => {
      for (let round = 0; round < 25 || (state.pushes < 5 && round < 5000); round += 1) {
        await server.embedded.collectGarbage({ graceMs: 0, dropUntagged: false });
      }
      state.collecting = false;
    })();
    const pusher = async (lane: number): Promise<void> => {
      for (let round = 0; state.collecting; round += 1) {
        const repository = `team/lane-${lane}`;
        const made = await pushAsClientsDo(client, repository, `tag-${round % 3}`);
        if (made === undefined) continue;
        state.pushes += 1;
        const missing = await missingOf(client, repository, made);
        if (missing.length > 0) problems.push(`${repository}: ${missing.join()}`);
      }
    };
    await Promise.all([collector, pusher(1), pusher(2), pusher(3)]);
    expect(problems).toEqual([]);
    expect(state.pushes).toBeGreaterThanOrEqual(5);
    expect((await storedBlobs(folder.path)).every(({ whole }) => whole)).toBe(true);
  });

  it('removes what lies in staging for a day, and no more', async () => {
    const staging = join(folder.path, V2, '.staging');
    await mkdir(join(staging, 'old/tag'), { recursive: true });
    await writeFile(join(staging, 'new'), 'new');
    const then = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await utimes(join(staging, 'old'), then, then);
    await server.embedded.purge();
    expect(await readdir(staging)).toEqual(['new']);
    await rm(join(staging, 'new'));
    expect((await stat(staging)).isDirectory()).toBe(true);
  });
});

async function untagged(client: SpecClient, repository: string): Promise<Made> {
  const made = image(await client.blob(repository, '{}'), await client.blob(repository));
  const put = await client.manifest(repository, made.digest, made);
  if (put.status !== 201) throw new Error(`push: ${put.status}`);
  return made;
}

/** With no grace at all a push may be refused for a blob that was collected, and that is all that may happen. */
async function pushAsClientsDo(
  client: SpecClient,
  repository: string,
  tag: string,
): Promise<Made | undefined> {
  const layer = randomBytes(64);
  const config = '{}';
  for (const bytes of [config, layer]) {
    const head = await client.ask('HEAD', `/v2/${repository}/blobs/${digestOf(bytes)}`);
    if (head.status !== 200) await client.blob(repository, bytes);
  }
  const made = image(digestOf(config), digestOf(layer));
  const put = await client.manifest(repository, tag, made);
  if (put.status === 201) return made;
  if (put.status === 400 && put.body.includes('MANIFEST_BLOB_UNKNOWN')) return undefined;
  throw new Error(`push: ${put.status} ${put.body.toString()}`);
}

async function missingOf(client: SpecClient, repository: string, made: Made): Promise<string[]> {
  const { config, layers } = JSON.parse(made.bytes) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  const missing: string[] = [];
  for (const { digest } of [config, ...layers]) {
    const { status } = await client.ask('GET', `/v2/${repository}/blobs/${digest}`);
    if (status !== 200) missing.push(`blob ${digest} is ${status}`);
  }
  const { status } = await client.ask('GET', `/v2/${repository}/manifests/${made.digest}`, {
    headers: accept,
  });
  if (status !== 200) missing.push(`manifest is ${status}`);
  return missing;
}
