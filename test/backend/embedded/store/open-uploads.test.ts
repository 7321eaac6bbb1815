import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UploadLimits } from '../../../../src/backend/embedded/store/open-uploads.ts';
import { temporaryFolder, type Folder } from '../../../support/programs.ts';
import { filesIn, foldersIn, V2 } from '../layout.ts';
import { serveEmbedded, type TestServer } from '../server.ts';
import { codeOf, digestOf, locationOf, SpecClient, withQuery } from '../spec-client.ts';

const HOUR_MS = 60 * 60 * 1000;
const OCTETS = { 'Content-Type': 'application/octet-stream' };

describe('open uploads', () => {
  let folder: Folder;
  let closers: (() => Promise<void>)[];

  beforeEach(async () => {
    folder = await temporaryFolder('open');
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers) await close();
    await folder.close();
  });

  async function serve(uploads?: UploadLimits): Promise<{ server: TestServer; client: SpecClient }> {
    const server = await serveEmbedded(folder.path, { uploads });
    const client = new SpecClient(server.url);
    closers.push(async () => {
      client.close();
      await server.close();
    });
    return { server, client };
  }

  function v2(path: string): string {
    return join(folder.path, V2, path);
  }

  /** Makes all sessions as old as that. */
  async function age(milliseconds: number): Promise<void> {
    const then = new Date(Date.now() - milliseconds);
    for (const path of await filesIn(v2('.uploads'))) await utimes(join(v2('.uploads'), path), then, then);
  }

  it('leave no folder in the repositories, and nothing at all when they are cancelled', async () => {
    const { client } = await serve();
    const locations: string[] = [];
    for (let at = 0; at < 30; at += 1) {
      locations.push(await client.begin(`bob/${'x/'.repeat(29)}n${at}`));
    }
    expect(await readdir(v2('repositories'))).toEqual([]);
    for (const location of locations) await client.expect(204, 'DELETE', location);
    expect(await readdir(v2('repositories'))).toEqual([]);
    expect(await readdir(v2('.uploads'))).toEqual([]);
    expect(await readdir(v2('.staging'))).toEqual([]);
  });

  it('are refused for a name with more than 32 parts, as manifests are', async () => {
    const { client } = await serve();
    const deep = Array.from({ length: 33 }, () => 'x').join('/');
    const post = await client.ask('POST', `/v2/${deep}/blobs/uploads/`);
    const put = await client.ask('PUT', `/v2/${deep}/manifests/tag`, { body: '{}' });
    expect([post, put].map((answer) => [answer.status, codeOf(answer)])).toEqual([
      [400, 'NAME_INVALID'],
      [400, 'NAME_INVALID'],
    ]);
    await client.blob(deep.slice(2));
  });

  it('are bounded in number for each user', async () => {
    const { client } = await serve({ sessions: 3 });
    const locations: string[] = [];
    for (let at = 0; at < 3; at += 1) locations.push(await client.begin(`bob/n${at}`));
    const refused = await client.ask('POST', '/v2/bob/other/blobs/uploads/');
    expect([refused.status, codeOf(refused), refused.headers['retry-after']]).toEqual([
      429,
      'TOOMANYREQUESTS',
      '60',
    ]);
    expect(refused.body.toString()).toContain('3 unfinished uploads');
    const whole = await client.ask('POST', `/v2/bob/other/blobs/uploads/?digest=${digestOf('x')}`, {
      body: 'x',
      headers: OCTETS,
    });
    expect(whole.status).toBe(429);
    const alice = { headers: { 'X-Account': 'alice' } };
    expect((await client.ask('POST', '/v2/bob/other/blobs/uploads/', alice)).status).toBe(202);
    await client.expect(204, 'DELETE', locations[0] ?? '');
    await client.begin('bob/other');
  });

  it('that were abandoned make room for new ones of their user', async () => {
    const { client } = await serve({ sessions: 3 });
    const old = await client.begin('bob/old');
    await age(2 * HOUR_MS);
    const young = [await client.begin('bob/one'), await client.begin('bob/two')];
    await client.begin('bob/three');
    expect((await client.ask('GET', old)).status).toBe(404);
    for (const location of young) expect((await client.ask('GET', location)).status).toBe(204);
  });

  it('are bounded in bytes for each user', async () => {
    const { client } = await serve({ percent: 1e-9 });
    const bytes = Buffer.alloc(200_000, 'x');
    const first = locationOf(await client.patch(await client.begin('bob/one'), bytes));
    for (const refused of [
      await client.patch(first, bytes),
      await client.ask('POST', '/v2/bob/two/blobs/uploads/'),
    ]) {
      expect([refused.status, codeOf(refused)]).toEqual([429, 'TOOMANYREQUESTS']);
    }
    // What is there can be finished.
    expect((await client.put(first, digestOf(bytes))).status).toBe(201);
    await client.begin('bob/two');
  });

  it('are bounded in bytes within one body too, and keep nothing of it', async () => {
    const { client } = await serve({ percent: 1e-9, stepBytes: 1024 });
    const location = await client.begin('bob/one');
    const bytes = Buffer.alloc(8_000_000, 'x');
    const patch = await client.patch(location, bytes);
    expect([patch.status, codeOf(patch)]).toEqual([429, 'TOOMANYREQUESTS']);
    expect((await filesIn(v2('.uploads'))).length).toBe(1);
    expect((await client.put(location, digestOf('some'), 'some')).status).toBe(201);
  });

  it('are for those alone who began them, and for one repository', async () => {
    const { client } = await serve();
    const location = locationOf(await client.patch(await client.begin('bob/app'), 'some'));
    const other = location.replace('bob/app', 'bob/other');
    const asEve = { headers: { 'X-Account': 'eve' } };
    const put = withQuery(location, `digest=${digestOf('some')}`);
    const refused = [
      await client.ask('GET', location, asEve),
      await client.ask('DELETE', location, asEve),
      await client.ask('PUT', put, asEve),
      await client.ask('GET', other),
    ];
    expect(refused.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    await client.expect(204, 'GET', location);
  });

  it('go with what older versions left, at the start', async () => {
    const { server, client } = await serve();
    const digest = await client.blob('kept/app');
    await client.image('kept/image', 'tag');
    await server.close();
    const repositories = v2('repositories');
    const deep = `bob/${'x/'.repeat(100)}app`;
    for (const path of [
      `${deep}/_uploads`,
      'empty/_layers/sha256',
      'empty/_manifests/revisions/sha256',
      'empty/_manifests/tags',
      'kept/app/_uploads',
      'old/_uploads/1b671a64-40d5-491e-99b0-da01ff1f3341',
      'young/_uploads/2b671a64-40d5-491e-99b0-da01ff1f3341',
    ])
      await mkdir(join(repositories, path), { recursive: true });
    const young = join(repositories, 'young/_uploads/2b671a64-40d5-491e-99b0-da01ff1f3341');
    await writeFile(join(young, 'startedat'), '2026-01-01T00:00:00Z');
    const old = join(repositories, 'old/_uploads/1b671a64-40d5-491e-99b0-da01ff1f3341');
    await writeFile(join(old, 'startedat'), '2026-01-01T00:00:00Z');
    await writeFile(join(old, 'data'), 'some');
    const then = new Date(Date.now() - 2 * HOUR_MS);
    for (const path of [join(old, 'startedat'), join(old, 'data'), old]) await utimes(path, then, then);

    const again = await serve();
    expect(await again.server.embedded.purge()).toBe(0);
    const left = (await foldersIn(repositories)).filter((path) => !/\/_(?:layers|manifests)/.test(path));
    expect(left).toEqual([
      'kept',
      'kept/app',
      'kept/image',
      'young',
      'young/_uploads',
      'young/_uploads/2b671a64-40d5-491e-99b0-da01ff1f3341',
    ]);
    await again.client.expect(200, 'HEAD', `/v2/kept/app/blobs/${digest}`);
    expect((await again.client.image('empty', 'tag')).digest).toContain('sha256:');
  });

  it('whose process was killed go too, with the lock that it left', async () => {
    const { server, client } = await serve();
    const location = locationOf(await client.patch(await client.begin('bob/app'), 'some'));
    const [session = ''] = await filesIn(v2('.uploads'));
    const [folder = '', name = ''] = session.split('/');
    const lock = join(v2('.uploads'), folder, `.${name}.lock`);
    const stray = join(v2('.uploads'), folder, `.${name.replace(/^./, '0').replace(/.$/, '0')}.lock`);
    for (const path of [lock, stray]) await writeFile(path, 'host space 1 1 nonce');
    await age(25 * HOUR_MS);
    // Held by a request that is at work.
    await utimes(lock, new Date(), new Date());
    expect(await server.embedded.purge()).toBe(0);
    expect((await client.ask('GET', location)).status).toBe(204);
    await age(25 * HOUR_MS);
    expect(await server.embedded.purge()).toBe(1);
    expect(await readdir(v2('.uploads'))).toEqual([]);
  });

  it('leave no empty repository behind when its last content was collected', async () => {
    const { server, client } = await serve();
    const made = await client.image('gone/app', 'tag');
    await client.expect(202, 'DELETE', `/v2/gone/app/manifests/${made.digest}`);
    await server.embedded.collectGarbage({ graceMs: -1000 });
    expect(await readdir(v2('repositories'))).toEqual([]);
    await client.expect(404, 'GET', '/v2/gone/app/tags/list');
  });
});
