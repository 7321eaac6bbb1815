import * as promises from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { storedBlobs, V2 } from './layout.ts';
import { serveEmbedded, type TestServer } from './server.ts';
import { ACCEPT, digestOf, image, SpecClient } from './spec-client.ts';

const seen = vi.hoisted(() => [] as string[]);

/** Notes each call of the file system, by its name and path. */
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  const noted = Object.entries(real).map(([name, value]) => [
    name,
    typeof value === 'function' && name !== 'FileHandle'
      ? (...args: unknown[]): unknown => {
          if (typeof args[0] === 'string') seen.push(`${name} ${args[0]}`);
          return (value as (...rest: unknown[]) => unknown)(...args);
        }
      : value,
  ]);
  return Object.fromEntries(noted) as typeof promises;
});

const SOME = 'a blob of somebody else';
const NONE = digestOf('a blob of nobody');

describe('a repository without a link', () => {
  let folder: Folder;
  let server: TestServer;
  let client: SpecClient;
  let digest: string;

  beforeAll(async () => {
    folder = await temporaryFolder('link');
    server = await serveEmbedded(folder.path);
    client = new SpecClient(server.url);
    digest = await client.blob('secret/app', SOME);
    await client.blob('eve/app', 'something');
  });
  afterAll(async () => {
    client.close();
    await server.close();
    await folder.close();
  });
  beforeEach(() => void seen.splice(0));

  /** What the answer to a request was, and all that the file system was asked meanwhile, with the digest left out. */
  async function trace(method: string, path: string, about: string): Promise<readonly string[]> {
    seen.splice(0);
    const { status, headers } = await client.ask(method, path.replaceAll('DIGEST', about), {
      headers: { Accept: ACCEPT },
    });
    const hex = about.slice(about.indexOf(':') + 1);
    const calls = seen.map((call) =>
      call
        .replaceAll(hex, 'HEX')
        .replace(`/${hex.slice(0, 2)}/HEX`, '/XX/HEX')
        .replace(/[a-f0-9-]{36}|[a-f0-9]{24}$/, 'RANDOM'),
    );
    if (status === 202 && headers.location !== undefined) await client.ask('DELETE', headers.location);
    return [String(status), ...calls];
  }

  it.each([
    ['HEAD of a blob', 'HEAD', '/v2/eve/app/blobs/DIGEST'],
    ['GET of a blob', 'GET', '/v2/eve/app/blobs/DIGEST'],
    ['DELETE of a blob', 'DELETE', '/v2/eve/app/blobs/DIGEST'],
    ['GET of a manifest', 'GET', '/v2/eve/app/manifests/DIGEST'],
    ['HEAD of a manifest', 'HEAD', '/v2/eve/app/manifests/DIGEST'],
    ['DELETE of a manifest', 'DELETE', '/v2/eve/app/manifests/DIGEST'],
    [
      'a mount from a repository that lacks it',
      'POST',
      '/v2/eve/app/blobs/uploads/?mount=DIGEST&from=eve/app',
    ],
  ])('does the same whether others hold the content or nobody does: %s', async (_name, method, path) => {
    const held = await trace(method, path, digest);
    expect(held.length).toBeGreaterThan(1);
    expect(await trace(method, path, NONE)).toEqual(held);
  });

  it('does the same for a manifest that names the blob', async () => {
    const results = [];
    for (const layer of [digest, NONE]) {
      seen.splice(0);
      const answer = await client.manifest('eve/app', 'tag', image(digestOf('something'), layer));
      results.push([answer.status, seen.length]);
    }
    expect(results[0]).toEqual(results[1]);
  });

  it('keeps no blob young by asking for it', async () => {
    const { path = '' } = (await storedBlobs(folder.path)).find((blob) => blob.digest === digest) ?? {};
    const file = join(folder.path, V2, 'blobs', path);
    const then = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await promises.utimes(file, then, then);
    await client.expect(404, 'HEAD', `/v2/eve/app/blobs/${digest}`);
    expect((await stat(file)).mtimeMs).toBe(then.getTime());
    await client.expect(200, 'HEAD', `/v2/secret/app/blobs/${digest}`);
    expect((await stat(file)).mtimeMs).toBeGreaterThan(then.getTime());
  });
});
