import { existsSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InnerDoor, InnerRegistry } from '../../src/app/pages/inner-registry.ts';
import { schema } from '../../src/config/schema/schema.ts';
import { makeDescriptor } from '../../src/images/model/descriptor.ts';
import { storeManifest } from '../../src/images/model/manifest.ts';
import { blobOf, bytesOf } from '../images/client/scripted.ts';
import { backendOf, openInner, type InnerConfig } from '../support/inner-registry.ts';
import { pushImage, pushIndex } from '../support/push-image.ts';
import { run, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';

interface Place {
  readonly config: InnerConfig;
  /** Whether a tag can be removed alone, and referrers are listed by the registry itself. */
  readonly isNew: boolean;
  close(): Promise<void>;
}

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('inner-registry');
});
afterAll(() => folder.close());

const nothing = async (): Promise<void> => undefined;

const PLACES: readonly { readonly name: string; readonly open: () => Promise<Place> }[] = [
  {
    name: 'docker-registry',
    open: async () => {
      const server = await startRegistry();
      return { config: { backend: backendOf(server.url) }, isNew: false, close: server.close };
    },
  },
  {
    name: 'docker-registry with passwords of its own',
    open: async () => {
      const path = join(folder.path, 'htpasswd');
      await writeFile(path, (await run('htpasswd', ['-nbB', '-C', '4', 'gate', 'wonderland'])).stdout);
      const server = await startRegistry(undefined, 0, { auth: { htpasswd: { realm: 'a realm', path } } });
      const config = { backend: backendOf(server.url), backendUser: 'gate', backendPassword: 'wonderland' };
      return { config, isNew: false, close: server.close };
    },
  },
  {
    name: 'docker-registry below a path',
    open: async () => {
      const http = { addr: '127.0.0.1:0', secret: 'of these tests', prefix: '/oci/' };
      const server = await startRegistry(undefined, 0, { http });
      return { config: { backend: backendOf(`${server.url}/oci`) }, isNew: false, close: server.close };
    },
  },
  {
    name: 'docker-registry through the layer cache',
    open: async () => {
      const server = await startRegistry();
      const cache = { ...schema.parse({}).cache, directory: join(folder.path, 'cache') };
      return { config: { backend: backendOf(server.url), cache }, isNew: false, close: server.close };
    },
  },
  {
    name: 'the embedded registry',
    open: async () => {
      const path = join(folder.path, 'embedded');
      await mkdir(path);
      return { config: { backend: backendOf(`embedded:${path}`) }, isNew: true, close: nothing };
    },
  },
];

/** The status of a request to the socket. */
function knock({ socketPath }: InnerDoor, path: string, authorization?: string): Promise<number | undefined> {
  const headers = authorization === undefined ? {} : { authorization };
  return new Promise((resolve, reject) => {
    request({ socketPath, path, headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

function basicOf({ user, password }: InnerDoor): string {
  return `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`;
}

async function all(names: AsyncIterable<string>): Promise<string[]> {
  const listed: string[] = [];
  for await (const name of names) listed.push(name);
  return listed;
}

describeWith(['docker-registry', 'htpasswd'], 'the inner registry', () => {
  describe.each(PLACES)('of $name', ({ open }) => {
    let place: Place;
    let inner: InnerRegistry;
    beforeAll(async () => {
      place = await open();
      inner = await openInner(place.config, folder.path);
    });
    afterAll(async () => {
      await inner.close();
      await place.close();
    });

    it('takes and gives blobs and manifests, and lists tags and repositories', async () => {
      const app = inner.registry.repository('team/app');
      const image = await pushImage(app, { layers: ['one', 'two'.repeat(100_000)], tags: ['1', '2'] });
      await pushIndex(app, [image], ['all']);
      expect((await app.findManifest('1'))?.digest.text).toBe(image.digest.text);
      expect((await app.readManifest('all'))?.mediaType).toContain('index');
      const layer = Buffer.from('two'.repeat(100_000));
      expect((await bytesOf(app.readBlob(blobOf(layer)))).equals(layer)).toBe(true);
      expect((await all(app.listTags())).toSorted()).toEqual(['1', '2', 'all']);
      expect(await all(inner.registry.listRepositories())).toContain('team/app');
    });

    it('says what is missing', async () => {
      const none = inner.registry.repository('team/none');
      expect(await none.findManifest('1')).toBeUndefined();
      await expect(all(none.listTags())).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN' });
    });

    it('lists what refers to an image', async () => {
      const app = inner.registry.repository('team/signed');
      const image = await pushImage(app, { layers: ['three'], tags: ['3'] });
      const signature = await pushImage(app, { layers: ['signature'], subject: image });
      const listed = await app.listReferrers(image.digest);
      expect(listed.map(({ digest }) => digest.text)).toEqual([signature.digest.text]);
    });

    it('deletes manifests, and tags where the registry does it', async () => {
      const app = inner.registry.repository('team/gone');
      await pushImage(app, { layers: ['four'], tags: ['4', '5'] });
      const image = await pushImage(app, { layers: ['six'], tags: ['6'] });
      expect(await app.deleteManifest('4')).toBe(place.isNew ? 'deleted' : 'unsupported');
      expect(await app.deleteManifest(image.digest.text)).toBe('deleted');
      expect(await app.findManifest('6')).toBeUndefined();
    });

    it.each(['/v2/', '/v2/team/app/manifests/1', '/v2/_catalog'])('gives strangers no %s', async (path) => {
      const wrong = `Basic ${Buffer.from('gate:wrong').toString('base64')}`;
      expect([await knock(inner.door, path), await knock(inner.door, path, wrong)]).toEqual([401, 401]);
    });

    it.each(['/', '/healthz', '/v2/../etc/passwd'])('has no %s', async (path) => {
      expect(await knock(inner.door, path, basicOf(inner.door))).toBe(404);
    });

    it('stands in a folder that is closed to others', async () => {
      const { mode } = await stat(dirname(inner.door.socketPath));
      expect(mode & 0o777).toBe(0o700);
    });
  });

  it('is one for each process, and gone when it is closed', async () => {
    const place = { config: { backend: backendOf(`embedded:${join(folder.path, 'two')}`) } };
    const [one, other] = [
      await openInner(place.config, folder.path),
      await openInner(place.config, folder.path),
    ];
    expect(one.door.socketPath).not.toBe(other.door.socketPath);
    expect(await knock(other.door, '/v2/', basicOf(one.door))).toBe(401);
    await one.close();
    expect(existsSync(dirname(one.door.socketPath))).toBe(false);
    expect(await knock(other.door, '/v2/', basicOf(other.door))).toBe(200);
    await other.close();
  });

  it('says that a registry does not answer', async () => {
    const inner = await openInner({ backend: backendOf('http://127.0.0.1:1') }, folder.path);
    await expect(inner.registry.repository('a').findManifest('1')).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
    });
    await inner.close();
  });

  it('prints its secret nowhere', async () => {
    const inner = await openInner({ backend: backendOf('http://127.0.0.1:1') }, folder.path);
    expect(JSON.stringify(inner.door)).not.toContain(inner.door.password.reveal());
    await inner.close();
  });

  it('overwrites a manifest', async () => {
    const place = { config: { backend: backendOf(`embedded:${join(folder.path, 'again')}`) } };
    const inner = await openInner(place.config, folder.path);
    const app = inner.registry.repository('app');
    await pushImage(app, { layers: ['one'], tags: ['1'] });
    const second = await pushImage(app, { layers: ['two'] });
    const stored = await app.readManifest(second.digest.text);
    if (stored === undefined) throw new Error('not stored');
    await app.putManifest(storeManifest(stored.bytes, stored.mediaType), ['1']);
    expect(makeDescriptor({ ...((await app.findManifest('1')) ?? second) }).digest.text).toBe(
      second.digest.text,
    );
    await inner.close();
  });
});
