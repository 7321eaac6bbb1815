import { digestOf, type Digest } from '../../oci/digest.ts';
import { invalidImage, readDescriptor, readTexts, textOf, type Descriptor } from './descriptor.ts';
import { findNameFault, findOtherCase } from './json-names.ts';
import { isPlainJson } from './json-shape.ts';
import { parseJsonObject, type JsonObject } from './json.ts';
import { DOCKER_SCHEMA_1, isImageType, isIndexType, OCI_INDEX, OCI_MANIFEST } from './media-types.ts';

/** A manifest as it is stored: its bytes have this digest. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** The largest manifest that is read, in bytes: what registries commonly accept. */
export const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;

interface Common {
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** What a referrer refers to. */
  readonly subject: Descriptor | undefined;
  readonly json: JsonObject;
}

/** An image of one platform, or an artifact (image-spec: "Image Manifest"). */
export interface ImageManifest extends Common {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Images of several platforms, and their attestations (image-spec: "Image Index"). */
export interface ImageIndex extends Common {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | ImageIndex;

/** Makes a stored manifest of bytes. `mediaType` is what the registry or the archive says, used if the bytes say nothing. */
export function storeManifest(bytes: Buffer, mediaType: string): StoredManifest {
  const isUsual = isPlainJson(bytes) && findNameFault(bytes) !== 'many';
  const stated = textOf((isUsual ? parseJsonObject(bytes) : undefined) ?? {}, 'mediaType');
  return { mediaType: stated === '' ? mediaType : stated, digest: digestOf('sha256', bytes), bytes };
}

const otherCaseOf = findOtherCase([
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
]);

/** Parses a manifest. Throws AppError IMAGE_INVALID, also if programs would read different things in it. */
export function parseManifest({ bytes, mediaType }: StoredManifest): Manifest {
  if (!isPlainJson(bytes)) throw invalidImage('its manifest has too many entries, or they lie too deep');
  const fault = findNameFault(bytes);
  if (fault === 'many') throw invalidImage('its manifest has too many names');
  const json = parseJsonObject(bytes);
  if (json === undefined) throw invalidImage('its manifest is not a JSON object');
  if (DOCKER_SCHEMA_1.test(mediaType) || json['schemaVersion'] === 1)
    throw invalidImage('its manifest is of Docker schema 1, which was given up in 2017');
  const otherCase = otherCaseOf(json);
  if (otherCase !== undefined) throw invalidImage(`in its manifest ${otherCase}`);
  if (fault === 'twice') throw invalidImage('an object of its manifest has a name twice');
  return isIndex(mediaType, json) ? parseIndex(mediaType, json) : parseImage(mediaType, json);
}

function isIndex(mediaType: string, json: JsonObject): boolean {
  if (isIndexType(mediaType)) return true;
  return !isImageType(mediaType) && 'manifests' in json && !('layers' in json);
}

function parseImage(mediaType: string, json: JsonObject): ImageManifest {
  const layers = json['layers'] ?? [];
  if (!Array.isArray(layers)) throw invalidImage('the layers of its manifest are not a list');
  return {
    kind: 'image',
    ...commonOf(mediaType === '' ? OCI_MANIFEST : mediaType, json),
    config: readDescriptor(json['config'], 'its config'),
    layers: layers.map((layer, at) => readDescriptor(layer, `its layer ${at + 1}`)),
  };
}

function parseIndex(mediaType: string, json: JsonObject): ImageIndex {
  const manifests = json['manifests'] ?? [];
  if (!Array.isArray(manifests)) throw invalidImage('the manifests of its index are not a list');
  return {
    kind: 'index',
    ...commonOf(mediaType === '' ? OCI_INDEX : mediaType, json),
    manifests: manifests.map((child, at) => readDescriptor(child, `entry ${at + 1} of its index`)),
  };
}

function commonOf(mediaType: string, json: JsonObject): Common {
  const artifactType = textOf(json, 'artifactType');
  return {
    mediaType,
    artifactType: artifactType === '' ? undefined : artifactType,
    annotations: readTexts(json['annotations']),
    subject:
      json['subject'] === undefined || json['subject'] === null
        ? undefined
        : readDescriptor(json['subject'], 'its subject'),
    json,
  };
}
