import { parseDigest, type Digest } from '../../../oci/digest.ts';
import { commonOf, isServed, shapeOf } from '../../../oci/manifest/manifest.ts';
import type { Manifest, Reference } from '../../../oci/manifest/manifest.ts';
import { readManifestText, type ManifestText } from '../../../oci/manifest/manifest-text.ts';
import { forEachInSlices } from '../../../oci/manifest/slices.ts';

const SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+json';
const SCHEMA_1_SIGNED = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const UNKNOWN = 'application/octet-stream';
/** A media type that is safe in a header. No browser shows these as a page. */
const APPLICATION = /^application\/[\w!#$&^.+-]{1,127}$/;
/** The depth is Go's limit. The bytes read bound the number of values. */
const LIMITS = { values: Number.POSITIVE_INFINITY, depth: 10_000 };
const NO_ANNOTATIONS: ReadonlyMap<string, string> = new Map();

/** A stored manifest, as far as it can be read. */
export interface ManifestReading {
  readonly manifest: Manifest;
  /**
   * Why it may reference more than was found; undefined for manifests that distribution or this registry has accepted.
   */
  readonly doubt: string | undefined;
}

/**
 * Reads a stored manifest as leniently as any registry may have accepted it. Its media type is the one it declares,
 * else the one its shape implies, and it references everything that it names.
 */
export async function readStoredManifest(bytes: Buffer): Promise<ManifestReading> {
  const outcome = await readManifestText(bytes, LIMITS);
  if (!outcome.ok) return unreadable(outcome.reason);
  const { text } = outcome;
  const named = await namedIn(text);
  const annotations = text.findings.longMaps.has('annotations') ? NO_ANNOTATIONS : text.annotations;
  const artifactType = text.artifactType || (text.config?.mediaType ?? '');
  return {
    manifest: {
      mediaType: typeOf(text),
      blobs: named.blobs,
      optional: [],
      children: named.children,
      ...commonOf({ subject: text.subject, artifactType, annotations }),
    },
    doubt: doubtOf(text) ?? named.doubt,
  };
}

/** The reading of bytes that are not JSON or do not match their digest. */
export function unreadable(doubt: string): ManifestReading {
  const common = commonOf({ subject: '', artifactType: '', annotations: NO_ANNOTATIONS });
  return { manifest: { mediaType: UNKNOWN, blobs: [], optional: [], children: [], ...common }, doubt };
}

interface References {
  readonly blobs: readonly Digest[];
  readonly children: readonly Reference[];
  readonly doubt: string | undefined;
}

async function namedIn({ config, layers, fsLayers, manifests }: ManifestText): Promise<References> {
  const blobs: Digest[] = [];
  const children: Reference[] = [];
  let isOdd = false;
  const take = (text: string, mediaType?: string): void => {
    if (text === '') return;
    const digest = parseDigest(text);
    if (digest === undefined) isOdd = true;
    else if (mediaType === undefined) blobs.push(digest);
    else children.push({ digest, mediaType });
  };
  take(config?.digest ?? '');
  await forEachInSlices(layers, ({ digest }) => take(digest));
  await forEachInSlices(fsLayers, (digest) => take(digest));
  await forEachInSlices(manifests, ({ digest, mediaType }) => take(digest, mediaType));
  const doubt = isOdd ? 'it names something by a digest that is not served here' : undefined;
  return { blobs, children, doubt };
}

function typeOf(text: ManifestText): string {
  if (text.schemaVersion === '1') return text.has('signatures') ? SCHEMA_1_SIGNED : SCHEMA_1;
  if (text.mediaType !== '') return APPLICATION.test(text.mediaType) ? text.mediaType : UNKNOWN;
  return text.schemaVersion === '2' ? shapeOf(text) : UNKNOWN;
}

function doubtOf(text: ManifestText): string | undefined {
  const { schemaVersion, mediaType, findings } = text;
  const isKnown =
    schemaVersion === '1' || (schemaVersion === '2' && (mediaType === '' || isServed(mediaType)));
  if (!isKnown) return 'it is of a kind that is not known here';
  if (findings.doubled !== undefined) return `it has ${findings.doubled} twice in one object`;
  const misshapen = ['config', 'layers', 'manifests', 'fsLayers'].find((name) =>
    findings.misshapen.has(name),
  );
  return misshapen === undefined ? undefined : `its ${misshapen} can't be read`;
}
