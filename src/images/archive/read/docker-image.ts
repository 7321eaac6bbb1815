import { MOST_CONFIG_BYTES, parseConfig } from '../../model/config.ts';
import { digestOf, parseDigest, createHasher, type Digest } from '../../../oci/digest.ts';
import { compressionOf, MAGIC_BYTES } from '../../compression/format.ts';
import { readDescriptor } from '../../model/descriptor.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import { storeManifest, type StoredManifest } from '../../model/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_MANIFEST,
  isForeignLayer,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
  type Compression,
} from '../../model/media-types.ts';
import { mismatch, type Promised } from '../../model/verified.ts';
import { invalidArchive, quoted } from '../../tar/invalid-archive.ts';
import type { DockerEntry } from '../layout/docker-manifest.ts';
import { missingBlob } from './blobs.ts';
import { readWhole, type FileStore, type StoredFile } from './file-store.ts';

/** A blob of an archive without manifests. */
export interface DockerBlob extends Promised {
  readonly file: StoredFile;
  readonly compression: Compression;
  /** What a compressed layer has to expand to. */
  readonly diffId: Digest | undefined;
}

/** An image of such an archive, with the manifest that was made for it. */
export interface DockerImage {
  readonly stored: StoredManifest;
  readonly blobs: readonly DockerBlob[];
}

interface Layer {
  readonly json: JsonObject;
  readonly blob: DockerBlob | undefined;
}

/**
 * Makes the manifest that an image of a docker-archive would have in a registry: of schema 2, or OCI's if a layer is
 * compressed with zstd, for which schema 2 has no name. It names the bytes that are there, so it is the same each time.
 * Throws AppError ARCHIVE_INVALID, IMAGE_INVALID, BLOB_MISSING and DIGEST_MISMATCH.
 */
export async function readDockerImage(store: FileStore, entry: DockerEntry): Promise<DockerImage> {
  const { label } = store;
  const { file, bytes } = await readConfig(store, entry.config);
  const digest = digestOf('sha256', bytes);
  const diffIds = diffIdsOf(bytes);
  if (diffIds?.length !== entry.layers.length)
    throw invalidArchive(
      label,
      `the config ${quoted(entry.config)} does not describe the ${entry.layers.length} layers of its image`,
    );
  const files: (StoredFile | undefined)[] = [];
  for (const name of entry.layers) files.push(await store.find(name));
  const isOci = await holdsZstd(files);
  const layers: Layer[] = [];
  for (const [at, diffId] of diffIds.entries())
    layers.push(await readLayer(store, { entry, at, diffId, isOci, file: files[at] }));
  const config = { mediaType: isOci ? OCI_CONFIG : DOCKER_CONFIG, size: bytes.length, digest: digest.text };
  const mediaType = isOci ? OCI_MANIFEST : DOCKER_MANIFEST;
  const manifest = { schemaVersion: 2, mediaType, config, layers: layers.map(({ json }) => json) };
  return {
    stored: storeManifest(Buffer.from(JSON.stringify(manifest)), mediaType),
    blobs: [
      { digest, size: bytes.length, file, compression: 'none', diffId: undefined },
      ...layers.map(({ blob }) => blob).filter((blob) => blob !== undefined),
    ],
  };
}

async function readConfig(
  store: FileStore,
  name: string,
): Promise<{ readonly file: StoredFile; readonly bytes: Buffer }> {
  const file = await store.find(name);
  if (file === undefined) throw invalidArchive(store.label, `there is no config ${quoted(name)} in it`);
  const bytes = await readWhole(file, MOST_CONFIG_BYTES);
  if (bytes === undefined)
    throw invalidArchive(store.label, `the config ${quoted(name)} has more than ${MOST_CONFIG_BYTES} bytes`);
  // Every program names it by its digest, in one of these ways.
  const [, hex] = /(?:^|[/:])([0-9a-f]{64})(?:\.json)?$/.exec(name) ?? [];
  const found = digestOf('sha256', bytes);
  const named = hex === undefined ? undefined : parseDigest(`sha256:${hex}`);
  if (named !== undefined && named.hex !== found.hex)
    throw mismatch({ digest: named, size: bytes.length }, store.label, `its bytes have ${found.text}`);
  return { file, bytes };
}

/** Returns the digests of the uncompressed layers. Undefined if the config does not tell them. Throws AppError IMAGE_INVALID. */
function diffIdsOf(bytes: Buffer): readonly Digest[] | undefined {
  const { json, diffIds } = parseConfig(bytes);
  if (!isObject(json['rootfs'])) return undefined;
  const digests = diffIds.map((id) => parseDigest(id));
  return digests.every((digest) => digest !== undefined) ? digests : undefined;
}

interface LayerPlace {
  readonly entry: DockerEntry;
  readonly at: number;
  readonly diffId: Digest;
  readonly isOci: boolean;
  readonly file: StoredFile | undefined;
}

async function readLayer(store: FileStore, { entry, at, diffId, isOci, file }: LayerPlace): Promise<Layer> {
  const name = entry.layers[at] ?? '';
  if (file === undefined) {
    const source = entry.layerSources[diffId.text];
    const foreign =
      source === undefined ? undefined : readDescriptor(source, `the source of layer ${at + 1}`);
    if (foreign === undefined || !isForeignLayer(foreign.mediaType))
      throw missingBlob({ digest: diffId }, store.label);
    return { json: foreign.json, blob: undefined };
  }
  const compression = await sniff(file);
  if (compression === 'bzip2' || compression === 'xz')
    throw invalidArchive(
      store.label,
      `the layer ${quoted(name)} is compressed with ${compression}, for which no manifest has a name`,
    );
  const isPlain = compression === 'none';
  const digest = isPlain ? diffId : await digestOfLayer(file, name);
  return {
    json: { mediaType: layerType(compression, isOci), size: file.size, digest: digest.text },
    blob: { digest, size: file.size, file, compression, diffId: isPlain ? undefined : diffId },
  };
}

function layerType(compression: Compression, isOci: boolean): string {
  if (isOci) return compression === 'none' ? OCI_LAYER : `${OCI_LAYER}+${compression}`;
  return compression === 'none' ? DOCKER_LAYER : `${DOCKER_LAYER}.gzip`;
}

async function holdsZstd(files: readonly (StoredFile | undefined)[]): Promise<boolean> {
  for (const file of files) if (file !== undefined && (await sniff(file)) === 'zstd') return true;
  return false;
}

async function sniff(file: StoredFile): Promise<ReturnType<typeof compressionOf>> {
  const head: Buffer[] = [];
  for await (const piece of file.read(0, { to: MAGIC_BYTES })) head.push(Buffer.from(piece));
  return compressionOf(Buffer.concat(head));
}

/** A compressed layer is named by its digest in an image layout. Elsewhere it has to be read once more. */
async function digestOfLayer(file: StoredFile, name: string): Promise<Digest> {
  const [, hex = ''] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name) ?? [];
  const named = parseDigest(`sha256:${hex}`);
  if (named !== undefined) return named;
  const hasher = createHasher('sha256');
  for await (const piece of file.read(0)) hasher.update(piece);
  const found = hasher.digest('hex');
  return { algorithm: 'sha256', hex: found, text: `sha256:${found}` };
}
