import { digestOf } from '../../src/oci/digest.ts';
import { makeDescriptor, type Descriptor } from '../../src/images/model/descriptor.ts';
import type { JsonObject } from '../../src/images/model/json.ts';
import { storeManifest } from '../../src/images/model/manifest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../src/images/model/media-types.ts';
import type { Repository } from '../../src/images/store.ts';

interface PushedImage {
  /** The texts of its layers. */
  readonly layers: readonly string[];
  readonly created?: string;
  readonly subject?: Descriptor;
  readonly tags?: readonly string[];
  /** Default: linux/amd64. */
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** Pushes a small image, and returns its descriptor. */
export async function pushImage(repository: Repository, image: PushedImage): Promise<Descriptor> {
  const { layers, created, subject, tags = [], platform = { os: 'linux', architecture: 'amd64' } } = image;
  const config = await pushBlob(repository, JSON.stringify({ ...platform, created, layers }), OCI_CONFIG);
  const own: Descriptor[] = [];
  for (const layer of layers) own.push(await pushBlob(repository, layer, OCI_LAYER));
  const document = { config: config.json, layers: own.map(({ json }) => json), subject: subject?.json };
  const { mediaType, digest, size } = await pushDocument(repository, OCI_MANIFEST, document, tags);
  return makeDescriptor({ mediaType, digest, size }, { platform });
}

export function pushIndex(
  repository: Repository,
  children: readonly Descriptor[],
  tags: readonly string[],
): Promise<Descriptor> {
  return pushDocument(repository, OCI_INDEX, { manifests: children.map(({ json }) => json) }, tags);
}

/** Pushes a manifest of this content. */
export async function pushDocument(
  repository: Repository,
  mediaType: string,
  document: object,
  tags: readonly string[],
): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
  const stored = storeManifest(bytes, mediaType);
  await repository.putManifest(stored, tags);
  return makeDescriptor({ mediaType, digest: stored.digest, size: bytes.length });
}

function pushBlob(repository: Repository, text: string, mediaType: string): Promise<Descriptor> {
  return pushBytes(repository, Buffer.from(text), mediaType);
}

export async function pushBytes(
  repository: Repository,
  bytes: Buffer,
  mediaType: string,
  json: JsonObject = {},
): Promise<Descriptor> {
  const blob = makeDescriptor({ mediaType, digest: digestOf('sha256', bytes), size: bytes.length }, json);
  await repository.putBlob(blob, async function* pieces(from) {
    yield bytes.subarray(from);
  });
  return blob;
}
