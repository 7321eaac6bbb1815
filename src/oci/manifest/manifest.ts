import { parseDigest, type Digest } from '../digest.ts';
import { parseMediaType } from '../request/body.ts';
import { MOST_ENTRIES } from './json-shape.ts';
import { readManifestText, type DescriptorText, type ManifestText } from './manifest-text.ts';

const IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const IMAGE_INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** Layers that a registry need not hold if they have URLs (image-spec, "Non-Distributable Layers"). */
const FOREIGN =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign\.|oci\.image\.layer\.nondistributable\.)/;
/** Layers whose URLs distribution checks. */
const LINKED = /^application\/vnd\.(?:docker\.image\.rootfs\.foreign\.|oci\.image\.layer\.)/;
/** URLs that distribution accepts: http or https, without a fragment. */
const WEB_ADDRESS = /^https?:\/\/[^\s#\p{Cc}]*$/iu;

/** Limits for pushes. Manifests that another registry accepted are read without them. */
const LIMITS = { values: 200_000, depth: 500 };
const MOST_REFERENCES = 10_000;
/** The longest type and subtype of RFC 6838, and the slash. */
const LONGEST_MEDIA_TYPE = 255;

/** A descriptor in a manifest. */
export interface Reference {
  readonly digest: Digest;
  /** Empty if the manifest does not state it. */
  readonly mediaType: string;
}

/** The parts of a manifest that a registry needs. */
export interface Manifest {
  readonly mediaType: string;
  /** Blobs that the repository must hold. */
  readonly blobs: readonly Digest[];
  /** Blobs that belong to the manifest if the repository holds them. */
  readonly optional: readonly Digest[];
  /** The entries of an index: usually manifests, but layers too (BuildKit's cache). They may be missing. */
  readonly children: readonly Reference[];
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: ReadonlyMap<string, string>;
}

/** A manifest, or why it is invalid. */
export type ManifestOutcome =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly reason: string };

/** The supported media types, and the members that each requires. */
const KINDS: ReadonlyMap<string, { readonly isIndex: boolean; readonly members: readonly string[] }> =
  new Map([
    [IMAGE_MANIFEST, { isIndex: false, members: ['config', 'layers', 'annotations'] }],
    [DOCKER_MANIFEST, { isIndex: false, members: ['config', 'layers'] }],
    [IMAGE_INDEX, { isIndex: true, members: ['manifests', 'annotations'] }],
    [DOCKER_LIST, { isIndex: true, members: ['manifests'] }],
  ]);

export function isServed(mediaType: string): boolean {
  return KINDS.has(mediaType);
}

/** Returns everything that a manifest references. */
export function referencesOf({ blobs, optional, children }: Manifest): readonly Digest[] {
  return [...blobs, ...optional, ...children.map(({ digest }) => digest)];
}

/**
 * Judges a pushed manifest by what distribution accepts and Go reads (docs/manifests.md lists the differences). The
 * media type in the payload decides; a different `Content-Type` is an error.
 */
export async function judgeManifest(
  bytes: Buffer,
  contentType: string | undefined,
): Promise<ManifestOutcome> {
  const outcome = await readManifestText(bytes, LIMITS);
  if (!outcome.ok) return refused(`The manifest is refused: ${outcome.reason}.`);
  const { text } = outcome;
  const mediaType = pushedType(text, parseMediaType(contentType ?? '') ?? '');
  const kind = KINDS.get(mediaType);
  if (kind === undefined)
    return refused('Only Docker and OCI image manifests and their lists are served here.');
  const claimed = parseMediaType(contentType ?? '') ?? '';
  if (KINDS.has(claimed) && claimed !== mediaType)
    return refused('The Content-Type is not the media type that the manifest says it has.');
  const problem = problemOf(text, kind);
  return problem === undefined ? manifestOf(text, mediaType, kind.isIndex) : refused(problem);
}

/**
 * The media type that the payload states; else an OCI type that the client states, else the one that its shape implies.
 */
function pushedType(text: ManifestText, claimed: string): string {
  if (text.mediaType !== '') return text.mediaType;
  return claimed === IMAGE_MANIFEST || claimed === IMAGE_INDEX ? claimed : shapeOf(text);
}

/** Returns the type of a manifest without a media type. An image has a config; an index may have no members at all. */
export function shapeOf(text: ManifestText): string {
  if (text.has('manifests')) return IMAGE_INDEX;
  return text.has('config') || text.has('layers') ? IMAGE_MANIFEST : IMAGE_INDEX;
}

function problemOf(
  text: ManifestText,
  { isIndex, members }: { readonly isIndex: boolean; readonly members: readonly string[] },
): string | undefined {
  const { findings } = text;
  if (text.schemaVersion !== '2') return 'Only manifests of schemaVersion 2 are served here.';
  if (findings.doubled !== undefined)
    return `The manifest has ${findings.doubled} twice in one object: clients may read it in two ways.`;
  const misshapen = ['mediaType', ...members].find((member) => findings.misshapen.has(member));
  if (misshapen !== undefined) return `The manifest has something in ${misshapen} that is not of its type.`;
  const foreign = (isIndex ? ['config', 'layers', 'fsLayers'] : ['manifests', 'fsLayers']).find(text.has);
  if (foreign !== undefined)
    return `The manifest has ${foreign}, which belongs to another kind of manifest (CVE-2021-41190).`;
  return boundProblemOf(text);
}

function boundProblemOf(text: ManifestText): string | undefined {
  if (text.layers.length > MOST_REFERENCES || text.manifests.length > MOST_REFERENCES)
    return `The manifest names more than ${MOST_REFERENCES} blobs or manifests.`;
  return text.subject !== '' && text.findings.longMaps.has('annotations')
    ? `The manifest has a subject, and more than ${MOST_ENTRIES} annotations or more than 1 MiB of them: lists of referrers must hold them.`
    : undefined;
}

function manifestOf(text: ManifestText, mediaType: string, isIndex: boolean): ManifestOutcome {
  return isIndex ? indexOf(text, mediaType) : imageOf(text, mediaType);
}

function imageOf(text: ManifestText, mediaType: string): ManifestOutcome {
  const config = referenceOf(text.config);
  if (config === undefined) return refused('The manifest has no config with a digest that is served here.');
  const blobs = [config.digest];
  const optional: Digest[] = [];
  for (const descriptor of text.layers) {
    const layer = referenceOf(descriptor);
    if (layer === undefined) return refused('A layer has no digest that is served here.');
    const isForeign = FOREIGN.test(layer.mediaType) && descriptor.urls.length > 0;
    if (LINKED.test(layer.mediaType) && !descriptor.urls.every((url) => WEB_ADDRESS.test(url)))
      return refused('A layer has an address that is not of http or https.');
    (isForeign ? optional : blobs).push(layer.digest);
  }
  const artifactType = text.artifactType || config.mediaType;
  return {
    ok: true,
    manifest: { mediaType, blobs, optional, children: [], ...commonOf({ ...text, artifactType }) },
  };
}

function indexOf(text: ManifestText, mediaType: string): ManifestOutcome {
  const children = text.manifests.map(referenceOf).filter((child) => child !== undefined);
  if (children.length < text.manifests.length)
    return refused('The index names a manifest without a digest that is served here.');
  return { ok: true, manifest: { mediaType, blobs: [], optional: [], children, ...commonOf(text) } };
}

/** An unsupported subject is ignored. Clients that get no `OCI-Subject` then maintain the list themselves. */
export function commonOf({
  subject,
  artifactType,
  annotations,
}: Pick<ManifestText, 'subject' | 'artifactType' | 'annotations'>): Pick<
  Manifest,
  'subject' | 'artifactType' | 'annotations'
> {
  const isType = artifactType !== '' && artifactType.length <= LONGEST_MEDIA_TYPE;
  return { subject: parseDigest(subject), artifactType: isType ? artifactType : undefined, annotations };
}

function referenceOf(descriptor: DescriptorText | undefined): Reference | undefined {
  const digest = parseDigest(descriptor?.digest ?? '');
  return digest === undefined ? undefined : { digest, mediaType: descriptor?.mediaType ?? '' };
}

function refused(reason: string): ManifestOutcome {
  return { ok: false, reason };
}
