import { parseDigest } from '../registry/digest.ts';
import type { Digest } from '../registry/digest.ts';

export const IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const IMAGE_INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const DOCKER_SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws';

/** Layers that a registry need not hold: their bytes are elsewhere (image-spec, "Non-Distributable Layers"). */
const FOREIGN =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign\.|oci\.image\.layer\.nondistributable\.)/;

/** What a manifest says, as far as a registry needs it. */
export interface Manifest {
  readonly mediaType: string;
  /** Blobs that must be in the repository with it. */
  readonly blobs: readonly Digest[];
  /** Blobs and manifests that belong to it where they are there. */
  readonly optional: readonly Digest[];
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** A manifest, or the reason why it is none. */
export type ManifestOutcome =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly reason: string };

type Json = Readonly<Record<string, unknown>>;

const KINDS: ReadonlyMap<string, (json: Json, mediaType: string) => Manifest | string> = new Map([
  [IMAGE_MANIFEST, imageOf],
  [DOCKER_MANIFEST, imageOf],
  [IMAGE_INDEX, indexOf],
  [DOCKER_LIST, indexOf],
]);

/** Reads what a client sends. The media type of the payload decides; a `Content-Type` that says another is an error. */
export function judgeManifest(bytes: Uint8Array, contentType: string | undefined): ManifestOutcome {
  const json = parseJson(bytes);
  if (json === undefined) return refused('The manifest is not a JSON object.');
  if (json['schemaVersion'] !== 2) return refused('Only manifests of schemaVersion 2 are served here.');
  const mediaType = mediaTypeOf(json);
  const claimed = contentTypeOf(contentType);
  if (KINDS.has(claimed) && claimed !== mediaType) {
    return refused('The Content-Type is not the media type that the manifest says it has.');
  }
  const read = KINDS.get(mediaType);
  if (read === undefined)
    return refused('Only Docker and OCI image manifests and their lists are served here.');
  const manifest = read(json, mediaType);
  return typeof manifest === 'string' ? refused(manifest) : { ok: true, manifest };
}

/** Without parameters, which the spec says to ignore. */
function contentTypeOf(header: string | undefined): string {
  const [type = ''] = (header ?? '').split(';');
  return type.trim().toLowerCase();
}

/** Reads what stands on the disk, whoever wrote it; undefined for what no registry would have taken. */
export function readManifest(bytes: Uint8Array): Manifest | undefined {
  const json = parseJson(bytes);
  if (json?.['schemaVersion'] === 1) return schema1Of(json);
  const outcome = judgeManifest(bytes, undefined);
  return outcome.ok ? outcome.manifest : undefined;
}

/** All that a manifest keeps alive. */
export function referencesOf({ blobs, optional }: Manifest): readonly Digest[] {
  return [...blobs, ...optional];
}

function refused(reason: string): ManifestOutcome {
  return { ok: false, reason };
}

function parseJson(bytes: Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
    );
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** As distribution decides it: the payload's own word, else by its shape. */
function mediaTypeOf(json: Json): string {
  const { mediaType } = json;
  if (typeof mediaType === 'string' && mediaType !== '') return mediaType;
  return Array.isArray(json['manifests']) ? IMAGE_INDEX : IMAGE_MANIFEST;
}

function imageOf(json: Json, mediaType: string): Manifest | string {
  const config = descriptorOf(json['config']);
  const layers = descriptorsOf(json['layers']);
  if (config === undefined) return 'The manifest has no config with a digest and a media type.';
  if (layers === undefined) return 'The manifest has no list of layers, each with a digest and a media type.';
  const foreign = layers.filter((layer) => FOREIGN.test(layer.mediaType));
  const own = layers.filter((layer) => !FOREIGN.test(layer.mediaType));
  return withCommon(json, {
    mediaType,
    blobs: [config.digest, ...own.map((layer) => layer.digest)],
    optional: foreign.map((layer) => layer.digest),
    artifactType: textOf(json['artifactType']) ?? config.mediaType,
  });
}

function indexOf(json: Json, mediaType: string): Manifest | string {
  const children = descriptorsOf(json['manifests']);
  if (children === undefined)
    return 'The index has no list of manifests, each with a digest and a media type.';
  return withCommon(json, {
    mediaType,
    blobs: [],
    optional: children.map((child) => child.digest),
    artifactType: textOf(json['artifactType']),
  });
}

/** Docker's first format: read where it stands, taken from nobody. */
function schema1Of(json: Json): Manifest | undefined {
  const layers = json['fsLayers'];
  if (!Array.isArray(layers)) return undefined;
  const digests = layers.map((layer: unknown) => (isJson(layer) ? digestIn(layer, 'blobSum') : undefined));
  const optional = digests.filter((digest) => digest !== undefined);
  const common = { subject: undefined, artifactType: undefined, annotations: undefined };
  return { mediaType: DOCKER_SCHEMA_1, blobs: [], optional, ...common };
}

function withCommon(json: Json, parts: Omit<Manifest, 'subject' | 'annotations'>): Manifest | string {
  const subject = json['subject'];
  const digest = isJson(subject) ? digestIn(subject, 'digest') : undefined;
  if (subject !== undefined && subject !== null && digest === undefined)
    return 'The subject has no digest that is served here.';
  return { ...parts, subject: digest, annotations: annotationsOf(json['annotations']) };
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
}

function descriptorOf(value: unknown): Descriptor | undefined {
  if (!isJson(value)) return undefined;
  const digest = digestIn(value, 'digest');
  const mediaType = textOf(value['mediaType']);
  return digest === undefined || mediaType === undefined ? undefined : { mediaType, digest };
}

function descriptorsOf(value: unknown): readonly Descriptor[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const descriptors = value.map(descriptorOf).filter((descriptor) => descriptor !== undefined);
  return descriptors.length === value.length ? descriptors : undefined;
}

function digestIn(json: Json, key: string): Digest | undefined {
  const text = json[key];
  return typeof text === 'string' ? parseDigest(text) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isJson(value)) return undefined;
  const pairs = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
