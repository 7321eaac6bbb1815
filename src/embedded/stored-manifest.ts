import { parseDigest } from '../registry/digest.ts';
import type { Digest } from '../registry/digest.ts';
import { commonOf, hasManyAnnotations, isServed, referenceOf, shapeOf } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { readManifestText } from './manifest-text.ts';
import type { ManifestText } from './manifest-text.ts';

const SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+json';
const SCHEMA_1_SIGNED = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const UNKNOWN = 'application/octet-stream';
/** A media type that may stand in a header. A browser shows none of these as a page. */
const APPLICATION = /^application\/[\w!#$&^.+-]{1,127}$/;
/** The bound on depth is Go's. The number of values is bounded by the bytes that are read. */
const LIMITS = { values: Number.POSITIVE_INFINITY, depth: 10_000 };
const NO_ANNOTATIONS: ReadonlyMap<string, string> = new Map();

/** What stands on the disk under the digest of a manifest. */
export interface Reading {
  readonly manifest: Manifest;
  /** Why it may need more than it is seen to need; undefined for what distribution or we have taken. */
  readonly doubt: string | undefined;
}

/**
 * Reads what stands on the disk, whoever took it, as leniently as any registry may have taken it: its media type is what
 * it says, else what its shape says, and it needs all that it names.
 */
export async function readStoredManifest(bytes: Buffer): Promise<Reading> {
  const outcome = await readManifestText(bytes, LIMITS);
  if (!outcome.ok) return unreadable(outcome.reason);
  const { text } = outcome;
  const mediaType = typeOf(text);
  const annotations = hasManyAnnotations(text) ? NO_ANNOTATIONS : text.annotations;
  const artifactType = text.artifactType || (text.config?.mediaType ?? '');
  return {
    manifest: {
      mediaType,
      blobs: neededTexts(text).flatMap(digestsOf),
      optional: [],
      children: text.manifests.map(referenceOf).filter((child) => child !== undefined),
      ...commonOf({ subject: text.subject, artifactType, annotations }),
    },
    doubt: doubtOf(text),
  };
}

/** A stand-in for what is not JSON, or not what its digest says. */
export function unreadable(doubt: string): Reading {
  const common = commonOf({ subject: '', artifactType: '', annotations: NO_ANNOTATIONS });
  return { manifest: { mediaType: UNKNOWN, blobs: [], optional: [], children: [], ...common }, doubt };
}

function neededTexts({ config, layers, fsLayers }: ManifestText): readonly string[] {
  return [config?.digest ?? '', ...layers.map(({ digest }) => digest), ...fsLayers];
}

function digestsOf(text: string): readonly Digest[] {
  const digest = parseDigest(text);
  return digest === undefined ? [] : [digest];
}

function typeOf(text: ManifestText): string {
  if (text.schemaVersion === '1') return text.has('signatures') ? SCHEMA_1_SIGNED : SCHEMA_1;
  if (text.mediaType !== '') return APPLICATION.test(text.mediaType) ? text.mediaType : UNKNOWN;
  return text.schemaVersion === '2' ? shapeOf(text) : UNKNOWN;
}

function doubtOf(text: ManifestText): string | undefined {
  const { schemaVersion, mediaType, findings, manifests } = text;
  const isKnown =
    schemaVersion === '1' || (schemaVersion === '2' && (mediaType === '' || isServed(mediaType)));
  if (!isKnown) return 'it is of a kind that is not known here';
  if (findings.doubled !== undefined) return `it has ${findings.doubled} twice in one object`;
  const misshapen = ['config', 'layers', 'manifests', 'fsLayers'].find((name) =>
    findings.misshapen.has(name),
  );
  if (misshapen !== undefined) return `its ${misshapen} can't be read`;
  const named = [...neededTexts(text), ...manifests.map(({ digest }) => digest)];
  const odd = named.some((digest) => digest !== '' && parseDigest(digest) === undefined);
  return odd ? 'it names something by a digest that is not served here' : undefined;
}
