import type { Digest } from '../../oci/digest.ts';

/**
 * A tag that nobody gave: `sha256-HEX`, under which registries without a list of referrers have one (distribution-spec:
 * "Referrers Tag Schema"), or with a suffix, as cosign (`.sig`, `.att`, `.sbom`) and others keep what belongs to an image.
 */
const REFERRER_TAG = /^(sha256|sha512)-([a-f0-9]{64})(?:\.[\w-]+)?$/;

/** Whether a tag is none that people gave. */
export function isReferrerTag(tag: string): boolean {
  return REFERRER_TAG.test(tag);
}

/** Returns the digest of the image to which a tag belongs. Undefined also for SHA-512, of which a tag has only a part. */
export function subjectOfTag(tag: string): string | undefined {
  const [, algorithm, hex] = REFERRER_TAG.exec(tag) ?? [];
  return algorithm === 'sha256' ? `sha256:${hex}` : undefined;
}

/** Returns the tag that lists what refers to a manifest: `sha256-...`, cut to the length of a tag. */
export function referrersTag({ algorithm, hex }: Digest): string {
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
}

/** What cosign appends to `sha256-...` for the tags of what belongs to an image (cosign: "Signature Spec"). */
const COSIGN_TAGS = [
  ['sig', 'signature'],
  ['att', 'attestation'],
  ['sbom', 'sbom'],
] as const;

interface CosignTag {
  readonly tag: string;
  /** What is found there. */
  readonly kind: (typeof COSIGN_TAGS)[number][1];
}

/** Returns the tags under which cosign keeps what belongs to an image. */
export function cosignTags({ algorithm, hex }: Digest): readonly CosignTag[] {
  return COSIGN_TAGS.map(([suffix, kind]) => ({ tag: `${algorithm}-${hex}.${suffix}`, kind }));
}
