import { digestOf, type Digest } from '../../src/oci/digest.ts';
import { makeDescriptor, readDescriptor, type Descriptor } from '../../src/images/model/descriptor.ts';
import { parseManifest, storeManifest, type StoredManifest } from '../../src/images/model/manifest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../src/images/model/media-types.ts';
import type { Repository } from '../../src/images/store.ts';

/** A repository in memory. It does what registries do, and can be told what it refuses. */
export interface MemoryRepository extends Repository {
  readonly tags: Map<string, string>;
  readonly manifests: Map<string, StoredManifest>;
  readonly blobs: Map<string, Buffer>;
  /** `DELETE ci-1`, `PUT latest`: what was changed, in order. */
  readonly acts: string[];
  /** Whether it removes a tag alone, and deletes at all. */
  readonly can: { untag: boolean; delete: boolean };
  /** Called before each deletion: to move a tag in between, or to fail. */
  beforeDelete: (reference: string) => void;
  /** Puts an image with layers of these texts, and returns its descriptor. */
  putImage(image: MemoryImage): Descriptor;
  putIndex(children: readonly Descriptor[], tags?: readonly string[]): Descriptor;
}

export interface MemoryImage {
  readonly layers?: readonly string[];
  readonly created?: string;
  readonly subject?: Descriptor;
  readonly tags?: readonly string[];
}

export function memoryRepository(name = 'team/app', registry = 'registry.test'): MemoryRepository {
  const tags = new Map<string, string>();
  const manifests = new Map<string, StoredManifest>();
  const blobs = new Map<string, Buffer>();
  const acts: string[] = [];
  const can = { untag: true, delete: true };
  const find = (reference: string): StoredManifest | undefined =>
    manifests.get(tags.get(reference) ?? reference);
  const put = (manifest: StoredManifest, names: readonly string[]): void => {
    manifests.set(manifest.digest.text, manifest);
    for (const tag of names) tags.set(tag, manifest.digest.text);
  };
  const putBlob = (bytes: Buffer, mediaType: string): Descriptor => {
    const digest = digestOf('sha256', bytes);
    blobs.set(digest.text, bytes);
    return makeDescriptor({ mediaType, digest, size: bytes.length });
  };
  const putDocument = (mediaType: string, document: object, names: readonly string[]): Descriptor => {
    const text = JSON.stringify({ schemaVersion: 2, mediaType, ...document });
    const stored = storeManifest(Buffer.from(text), mediaType);
    put(stored, names);
    return makeDescriptor({ mediaType, digest: stored.digest, size: stored.bytes.length });
  };
  const repository: MemoryRepository = {
    tags,
    manifests,
    blobs,
    acts,
    can,
    beforeDelete: () => undefined,
    label: `${registry}/${name}`,
    origin: { registry, repository: name },
    putImage: ({ layers = [], created, subject, tags: names = [] }) => {
      const config = putBlob(Buffer.from(JSON.stringify({ os: 'linux', created, layers })), OCI_CONFIG);
      const own = layers.map((layer) => putBlob(Buffer.from(layer), OCI_LAYER));
      const document = { config: config.json, layers: own.map(({ json }) => json), subject: subject?.json };
      return putDocument(OCI_MANIFEST, document, names);
    },
    putIndex: (children, names = []) =>
      putDocument(OCI_INDEX, { manifests: children.map(({ json }) => json) }, names),
    readManifest: async (reference) => find(reference),
    findManifest: async (reference) => {
      const stored = find(reference);
      return stored && { mediaType: stored.mediaType, digest: stored.digest, size: stored.bytes.length };
    },
    readBlob: async function* readBlob({ digest }) {
      yield blobs.get(digest.text) ?? Buffer.alloc(0);
    },
    listTags: async function* listTags() {
      yield* [...tags.keys()].toSorted();
    },
    listReferrers: async (subject: Digest) =>
      [...manifests.values()].flatMap((stored) =>
        parseManifest(stored).subject?.digest.text === subject.text
          ? [
              readDescriptor(
                { mediaType: stored.mediaType, digest: stored.digest.text, size: stored.bytes.length },
                'it',
              ),
            ]
          : [],
      ),
    hasBlob: async ({ digest }) => blobs.has(digest.text),
    mountBlob: async () => false,
    putBlob: async ({ digest }, read) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of read(0)) pieces.push(piece);
      blobs.set(digest.text, Buffer.concat(pieces));
    },
    putNewBlob: async () => Promise.reject(new Error('not needed here')),
    putManifest: async (manifest, names) => {
      acts.push(`PUT ${names.join(' ')}`);
      put(manifest, names);
    },
    uninterrupted: () => repository,
    deleteManifest: async (reference) => {
      repository.beforeDelete(reference);
      const isTag = !reference.includes(':');
      if (isTag ? !can.untag : !can.delete) return 'unsupported';
      acts.push(`DELETE ${reference}`);
      if (isTag) return tags.delete(reference) ? 'deleted' : 'missing';
      for (const [tag, digest] of tags) if (digest === reference) tags.delete(tag);
      return manifests.delete(reference) ? 'deleted' : 'missing';
    },
    deleteBlob: async ({ text }) => void blobs.delete(text),
    commit: async () => undefined,
    close: async () => undefined,
  };
  return repository;
}
