import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistry } from '../../src/images/client/open-registry.ts';
import { storeManifest } from '../../src/images/model/manifest.ts';
import type { Registry, Repository } from '../../src/images/store.ts';
import { Secret } from '../../src/lib/secret.ts';
import { allOf, blobOf, bytesOf, reading } from '../images/client/scripted.ts';
import { run, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, TEST_PASSWORD, TEST_USER } from '../support/test-gate.ts';

interface Place {
  readonly registry: Registry;
  /** Whether a tag can be removed alone. */
  readonly removesTags: boolean;
  close(): Promise<void>;
}

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('images-client');
});
afterAll(() => folder.close());

const PLACES: readonly { readonly name: string; readonly open: () => Promise<Place> }[] = [
  {
    name: 'docker-registry',
    open: async () => {
      const server = await startRegistry();
      const registry = openRegistry({ name: new URL(server.url).host, isPlain: true });
      return { registry, removesTags: false, close: () => server.close() };
    },
  },
  {
    name: 'docker-registry with htpasswd',
    open: async () => {
      const path = join(folder.path, 'htpasswd');
      const made = await run('htpasswd', ['-nbB', '-C', '4', 'alice', 'wonderland']);
      await writeFile(path, made.stdout);
      const server = await startRegistry(undefined, 0, { auth: { htpasswd: { realm: 'a realm', path } } });
      const registry = openRegistry({
        name: new URL(server.url).host,
        isPlain: true,
        credential: async () => ({ kind: 'password', user: 'alice', password: new Secret('wonderland') }),
      });
      return { registry, removesTags: false, close: () => server.close() };
    },
  },
  {
    name: 'our gate before docker-registry',
    open: async () => {
      const server = await startRegistry();
      const place = await openGate(server.url);
      return {
        ...place,
        removesTags: false,
        close: async () => {
          await place.close();
          await server.close();
        },
      };
    },
  },
  {
    name: 'our gate with its embedded registry',
    open: async () => {
      const path = join(folder.path, 'embedded');
      await mkdir(path, { recursive: true });
      return openGate(`embedded:${path}`);
    },
  },
];

async function openGate(backend: string): Promise<Place> {
  const gate = await startTestGate({ backend });
  const registry = openRegistry({
    name: `localhost:${gate.port}`,
    trust: async () => ({ authorities: [gate.ca] }),
    credential: async () => ({ kind: 'password', user: TEST_USER, password: new Secret(TEST_PASSWORD) }),
  });
  return { registry, removesTags: true, close: () => gate.close() };
}

const LAYER = randomBytes(3_000_000);
const BLOB = blobOf(LAYER);
const CONFIG = Buffer.from('{}');

function manifestOf(more: object = {}) {
  const [config, layer] = [blobOf(CONFIG), BLOB];
  const body = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { ...config.json, mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers: [layer.json],
    ...more,
  };
  return storeManifest(Buffer.from(JSON.stringify(body)), '');
}

describeWith(['docker-registry', 'htpasswd'], 'the client of images', () => {
  describe.each(PLACES)('at $name', ({ open }) => {
    let place: Place;
    let app: Repository;
    let other: Repository;
    beforeAll(async () => {
      place = await open();
      app = place.registry.repository('team/app');
      other = place.registry.repository('team/other');
      await app.putBlob(BLOB, reading(LAYER));
      await app.putBlob(blobOf(CONFIG), reading(CONFIG));
    });
    afterAll(async () => {
      await place.registry.close();
      await place.close();
    });

    it('stores and gives layers, whole and in part', async () => {
      expect([await app.hasBlob(BLOB), await app.hasBlob(blobOf(Buffer.from('none')))]).toEqual([
        true,
        false,
      ]);
      expect((await bytesOf(app.readBlob(BLOB))).equals(LAYER)).toBe(true);
      expect((await bytesOf(app.readBlob(BLOB, { from: 1_234_567 }))).equals(LAYER.subarray(1_234_567))).toBe(
        true,
      );
    });

    it('finds out what bytes are that are made on the way', async () => {
      expect(await app.putNewBlob(reading(LAYER))).toEqual({ digest: BLOB.digest, size: LAYER.length });
    });

    it('mounts a layer of another repository, or goes on with the upload that it gets instead', async () => {
      expect(await other.mountBlob(BLOB, 'team/app')).toBe(true);
      expect(await other.hasBlob(BLOB)).toBe(true);
      const fresh = randomBytes(100_000);
      expect(await other.mountBlob(blobOf(fresh), 'team/app')).toBe(false);
      await other.putBlob(blobOf(fresh), reading(fresh));
      expect(await other.hasBlob(blobOf(fresh))).toBe(true);
    });

    it('refuses a layer of another digest', async () => {
      const putting = app.putBlob(blobOf(Buffer.alloc(2_000_000)), reading(LAYER.subarray(0, 2_000_000)));
      await expect(putting).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    });

    it('stores, finds, lists and deletes manifests', async () => {
      const manifest = manifestOf();
      const { mediaType, digest, bytes } = manifest;
      await app.putManifest(manifest, ['1', '2']);
      expect(await app.readManifest('1')).toEqual(manifest);
      expect(await app.readManifest(digest.text)).toEqual(manifest);
      expect(await app.findManifest('2')).toEqual({ mediaType, digest, size: bytes.length });
      expect([await app.readManifest('none'), await app.findManifest('none')]).toEqual([
        undefined,
        undefined,
      ]);
      expect((await allOf(app.listTags())).toSorted()).toEqual(['1', '2']);
      expect(await allOf(place.registry.listRepositories())).toContain('team/app');
      expect(await app.deleteManifest('2')).toBe(place.removesTags ? 'deleted' : 'unsupported');
      expect(await app.deleteManifest(digest.text)).toBe('deleted');
      expect(await app.deleteManifest(digest.text)).toBe('missing');
    });

    it('lists what refers to an image', async () => {
      const subject = manifestOf();
      await app.putManifest(subject, ['subject']);
      const referrer = manifestOf({
        artifactType: 'application/x.sbom',
        subject: { mediaType: subject.mediaType, digest: subject.digest.text, size: subject.bytes.length },
      });
      await app.putManifest(referrer, []);
      const found = await app.listReferrers(subject.digest);
      expect(found.map(({ digest, artifactType }) => [digest.text, artifactType])).toEqual([
        [referrer.digest.text, 'application/x.sbom'],
      ]);
    });

    it('says of a repository that is not there that it is not', async () => {
      await expect(allOf(place.registry.repository('no/such').listTags())).rejects.toMatchObject({
        code: 'IMAGE_UNKNOWN',
      });
    });
  });
});
