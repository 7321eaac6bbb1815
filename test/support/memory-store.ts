import { AppError } from '../../src/lib/errors.ts';
import { digestOf, type Digest } from '../../src/oci/digest.ts';
import { makeDescriptor, type Descriptor } from '../../src/images/model/descriptor.ts';
import { parseManifest, storeManifest, type StoredManifest } from '../../src/images/model/manifest.ts';
import type { JsonObject } from '../../src/images/model/json.ts';
import type { ImageSource, ImageTarget, Origin, Pieces } from '../../src/images/store.ts';

/** What a store of the tests was asked, one line for each question that moves something. */
export interface MemoryStore extends ImageSource, ImageTarget {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, StoredManifest>;
  readonly names: Map<string, string>;
  /** `put sha256:...`, `mount sha256:...`, `manifest sha256:...`, `name 1`, `commit`, in their order. */
  readonly acts: string[];
  /** Is called before each act and may throw. */
  onAct: (act: string) => void;
  /** Adds a blob, and returns its descriptor. */
  addBlob(bytes: Buffer, mediaType: string, json?: JsonObject): Descriptor;
  /** Adds a manifest, under names too, and returns its descriptor. */
  addManifest(json: JsonObject, mediaType: string, names?: readonly string[]): Descriptor;
}

interface MemoryStoreOptions {
  readonly origin?: Origin;
  readonly label?: string;
  readonly isOnePlatform?: boolean;
  /** Other repositories of the registry, by name. */
  readonly siblings?: ReadonlyMap<string, MemoryStore>;
}

/** A repository, or an archive if there is no origin, in memory: a source and a target that checks what it is given. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { origin, siblings = new Map<string, MemoryStore>() } = options;
  const label =
    options.label ??
    (origin === undefined ? 'oci-archive:memory' : `${origin.registry}/${origin.repository}`);
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, StoredManifest>();
  const names = new Map<string, string>();
  const acts: string[] = [];
  const act = (text: string): void => {
    store.onAct(text);
    acts.push(text);
  };
  const find = (reference: string): StoredManifest | undefined =>
    manifests.get(names.get(reference) ?? reference);
  const keep = (manifest: StoredManifest, under: readonly string[]): void => {
    manifests.set(manifest.digest.text, manifest);
    for (const name of under) names.set(name, manifest.digest.text);
  };
  const store: MemoryStore = {
    label,
    origin,
    isOnePlatform: options.isOnePlatform === true,
    blobs,
    manifests,
    names,
    acts,
    onAct: () => undefined,
    addBlob: (bytes, mediaType, json = {}) => {
      const digest = digestOf('sha256', bytes);
      blobs.set(digest.text, bytes);
      return makeDescriptor({ mediaType, digest, size: bytes.length }, json);
    },
    addManifest: (json, mediaType, under = []) => {
      const manifest = storeManifest(Buffer.from(JSON.stringify(json)), mediaType);
      keep(manifest, under);
      return makeDescriptor({ mediaType, digest: manifest.digest, size: manifest.bytes.length });
    },
    readManifest: async (reference) => find(reference),
    readBlob: ({ digest }, { from = 0 } = {}) => piecesOf(blobs.get(digest.text), digest, label, from),
    listTags: async function* () {
      yield* names.keys();
    },
    listReferrers: async (subject) =>
      [...manifests.values()]
        .filter((manifest) => parseManifest(manifest).subject?.digest.text === subject.text)
        .map(({ mediaType, digest, bytes }) => makeDescriptor({ mediaType, digest, size: bytes.length })),
    hasBlob: async ({ digest }) => blobs.has(digest.text),
    mountBlob: async ({ digest }, repository) => {
      const bytes = siblings.get(repository)?.blobs.get(digest.text);
      if (bytes === undefined) return false;
      act(`mount ${digest.text}`);
      blobs.set(digest.text, bytes);
      return true;
    },
    putBlob: async (blob, read, { onBytes, signal } = {}) => {
      act(`put ${blob.digest.text}`);
      const bytes = await collect(read(0), onBytes, signal);
      if (digestOf(blob.digest.algorithm, bytes).text !== blob.digest.text || bytes.length !== blob.size)
        throw new AppError('DIGEST_MISMATCH', { message: `${blob.digest.text} is not what it should be.` });
      blobs.set(blob.digest.text, bytes);
    },
    putNewBlob: async (read, { signal } = {}) => {
      const bytes = await collect(read(), undefined, signal);
      const digest = digestOf('sha256', bytes);
      act(`new ${digest.text}`);
      blobs.set(digest.text, bytes);
      return { digest, size: bytes.length };
    },
    putManifest: async (stored, under) => {
      for (const digest of neededBy(stored))
        if (!blobs.has(digest.text) && !manifests.has(digest.text))
          throw new Error(`${label} lacks ${digest.text}`);
      act(`manifest ${stored.digest.text}`);
      for (const name of under) act(`name ${name}`);
      keep(stored, under);
    },
    commit: async () => act('commit'),
    close: async () => undefined,
  };
  return store;
}

/** What a registry wants to have before it takes a manifest. */
function neededBy(stored: StoredManifest): readonly Digest[] {
  const manifest = parseManifest(stored);
  const needed = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
  return needed.filter(({ urls }) => urls.length === 0).map(({ digest }) => digest);
}

const PIECE = 1000;

async function* piecesOf(bytes: Buffer | undefined, digest: Digest, label: string, from: number): Pieces {
  if (bytes === undefined)
    throw new AppError('BLOB_MISSING', { message: `${label} does not have ${digest.text}.` });
  for (let at = from; at < bytes.length; at += PIECE) {
    await Promise.resolve();
    yield bytes.subarray(at, at + PIECE);
  }
}

async function collect(
  pieces: Pieces,
  onBytes: ((count: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    all.push(Buffer.from(piece));
    onBytes?.(piece.byteLength);
  }
  return Buffer.concat(all);
}
