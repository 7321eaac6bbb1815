import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Paths } from '../src/backend/embedded/disk/paths.ts';
import { openToWrite } from '../src/inventory/database/open.ts';
import { storeManifest, type Content } from '../src/inventory/write/manifests.ts';
import { ensureRepository, noteListed } from '../src/inventory/write/repositories.ts';
import { ensureTag, noteChecked, pointTag } from '../src/inventory/write/tags.ts';
import { digestOf, type Digest } from '../src/oci/digest.ts';
import { bytesOf, packLayer, tarOf } from '../test/support/image-content.ts';

/** How large a registry is made. */
export interface Wanted {
  /** So many repositories, in 50 folders, of so many tags with 8 layers each. */
  readonly repositories: number;
  readonly tags: number;
  /** One more of so many tags, with so many layers each. */
  readonly large: number;
  readonly layers: number;
}

export const LARGE = 'large/app';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const CREATED = '2025-01-01T00:00:00Z';
const FILES_OF_LAYER = 40;

interface Blob {
  readonly digest: string;
  readonly size: number;
}

interface StoredLayer extends Blob {
  readonly bytes: Buffer;
}

/** By name: the layers that are there with their bytes. Of all others only manifests tell. */
type StoredLayers = ReadonlyMap<string, StoredLayer>;

interface PlannedImage {
  readonly tag: string;
  readonly config: string;
  readonly manifest: string;
  readonly layers: readonly Blob[];
}

interface PlannedRepository {
  readonly name: string;
  readonly images: () => Iterable<PlannedImage>;
}

/** A registry that can be written to a disk, and its inventory without a walk through it. */
export class LargeRegistry {
  readonly #wanted: Wanted;
  readonly #stored: StoredLayers;

  constructor(wanted: Wanted, stored: StoredLayers) {
    this.#wanted = wanted;
    this.#stored = stored;
  }

  /** Plans a registry. The first two images of the large repository have layers that can be read. */
  static async plan(wanted: Wanted): Promise<LargeRegistry> {
    const stored = new Map<string, StoredLayer>();
    for (const name of [...layersOfLarge(wanted, 0), ...layersOfLarge(wanted, 1)]) {
      const files = Array.from({ length: FILES_OF_LAYER }, (_none, at) => ({
        name: `srv/${createHash('sha256').update(name).digest('hex').slice(0, 8)}/file-${at}`,
        text: `${name} ${at}\n`.repeat(20),
      }));
      const { blob } = await packLayer(await tarOf(files), 'oci-gzip');
      stored.set(name, { digest: blob.digest, size: blob.size, bytes: await bytesOf(blob) });
    }
    return new LargeRegistry(wanted, stored);
  }

  get tags(): number {
    const { repositories, tags, large } = this.#wanted;
    return repositories * tags + large;
  }

  /** Digests of the layers of one image of the large repository. */
  layerDigests(tag: number): readonly string[] {
    return layersOfLarge(this.#wanted, tag).map((name) => this.#layer(name).digest);
  }

  /** Writes the registry as the embedded one and docker-registry have it: manifests, configs, and few layers. */
  write(folder: string): void {
    const paths = new Paths(folder);
    for (const needed of [paths.staging, paths.uploads]) mkdirSync(needed, { recursive: true });
    for (const { name, images } of this.#repositories())
      for (const image of images()) putImage(paths, name, image);
    for (const { bytes } of this.#stored.values()) {
      const digest = putBlob(paths, bytes);
      put(paths.layer(LARGE, digest), digest.text);
    }
  }

  /** Writes the file that a walk through this registry makes. */
  async fill(path: string, backend: string): Promise<void> {
    const { database } = await openToWrite({ path, backend });
    for (const { name, images } of this.#repositories())
      database.transaction(() => {
        const id = ensureRepository(database, name);
        for (const image of images()) {
          const record = ensureTag(database, id, image.tag);
          pointTag(database, record, storeManifest(database, id, contentOf(image)));
          noteChecked(database, record.id, Date.now());
        }
        noteListed(database, id, Date.now());
      });
    database.run("INSERT INTO meta VALUES ('walked', ?)", Date.now());
    database.close();
  }

  *#repositories(): Iterable<PlannedRepository> {
    const { repositories, tags, large } = this.#wanted;
    for (let at = 0; at < repositories; at += 1) {
      const name = `team-${at % 50}/service-${at}`;
      const layers = (tag: number): readonly string[] => [
        'base 0',
        'base 1',
        `base of team ${at % 50}`,
        ...Array.from({ length: 5 }, (_none, layer) => `${name} ${tag} ${layer}`),
      ];
      yield { name, images: () => this.#images(name, tags, (tag) => `1.${tag}.0`, layers) };
    }
    const layers = (tag: number): readonly string[] => layersOfLarge(this.#wanted, tag);
    yield { name: LARGE, images: () => this.#images(LARGE, large, tagOfLarge, layers) };
  }

  *#images(
    name: string,
    count: number,
    tagOf: (at: number) => string,
    layersOf: (at: number) => readonly string[],
  ): Iterable<PlannedImage> {
    for (let at = 0; at < count; at += 1)
      yield planImage(
        `${name}:${tagOf(at)}`,
        tagOf(at),
        layersOf(at).map((layer) => this.#layer(layer)),
      );
  }

  #layer(name: string): Blob {
    return this.#stored.get(name) ?? { digest: digestOfText(name).text, size: sizeOfLayer(name) };
  }
}

export function tagOfLarge(at: number): string {
  return `${1 + (at >> 8)}.${at & 255}.0`;
}

/** All but five of the layers are those of 64 neighbours. */
function layersOfLarge({ layers }: Wanted, tag: number): readonly string[] {
  return [
    ...Array.from({ length: layers - 5 }, (_none, layer) => `large ${layer} ${tag >> 6}`),
    ...Array.from({ length: 5 }, (_none, layer) => `large own ${tag} ${layer}`),
  ];
}

function digestOfText(text: string): Digest {
  return digestOf('sha256', Buffer.from(text));
}

function sizeOfLayer(layer: string): number {
  return 1000 + (Buffer.from(layer).reduce((sum, byte) => (sum * 31 + byte) % 2 ** 40, 7) % 50_000_000);
}

function planImage(image: string, tag: string, layers: readonly Blob[]): PlannedImage {
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    created: CREATED,
    config: { Cmd: ['/srv/run'], Env: ['PATH=/usr/bin:/bin'], Labels: { of: image } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map((_layer, at) => ({
      created: CREATED,
      created_by: `RUN /bin/sh -c make -C /srv part-${at} && make install # buildkit`,
    })),
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: digestOfText(config).text, size: config.length },
    layers: layers.map(({ digest, size }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size,
    })),
  });
  return { tag, config, manifest, layers };
}

function contentOf({ config, manifest, layers }: PlannedImage): Content {
  const own = { digest: digestOfText(config).text, size: config.length };
  const digest = digestOfText(manifest).text;
  return {
    digest,
    mediaType: MANIFEST,
    artifactType: undefined,
    platforms: ['linux/amd64'],
    size: [own, ...layers].reduce((sum, { size }) => sum + size, 0),
    created: Date.parse(CREATED),
    problem: undefined,
    blobs: [{ digest, size: manifest.length }, own, ...layers],
  };
}

function putImage(paths: Paths, name: string, { tag, config, manifest }: PlannedImage): void {
  const configDigest = putBlob(paths, Buffer.from(config));
  const digest = putBlob(paths, Buffer.from(manifest));
  put(paths.layer(name, configDigest), configDigest.text);
  put(paths.revision(name, digest), digest.text);
  put(join(paths.tag(name, tag), 'current/link'), digest.text);
}

function putBlob(paths: Paths, bytes: Buffer): Digest {
  const digest = digestOf('sha256', bytes);
  put(paths.blob(digest), bytes);
  return digest;
}

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
