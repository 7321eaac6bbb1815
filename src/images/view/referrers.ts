import type { Descriptor } from '../model/descriptor.ts';
import type { ImageManifest } from '../model/manifest.ts';

type ReferrerKind = 'signature' | 'sbom' | 'attestation' | 'scan report' | 'other';

/** Something that refers to an image. */
export interface Referrer {
  readonly kind: ReferrerKind;
  readonly artifactType: string;
  readonly mediaType: string;
  readonly digest: string;
  /** Of its manifest, in bytes. */
  readonly size: number;
  /** The tag that it is found under, if it is found by that. */
  readonly tag: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What artifact types and predicate types hold, for each kind. The first that fits counts. */
const KINDS: readonly (readonly [ReferrerKind, RegExp])[] = [
  ['sbom', /spdx|cyclonedx|sbom|syft/i],
  ['scan report', /sarif|vulnerabilit|\bvex\b|openvex|trivy|grype|scan/i],
  [
    'signature',
    /notary\.signature|cosign\.(?:artifact\.sig|simplesigning)|dev\.cosignproject\.cosign\/sign|signature/i,
  ],
  ['attestation', /in-toto|attestation|provenance|slsa|dsse/i],
];
/** A bundle of cosign 3 is a signature or an attestation; an annotation says which. */
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle/;

/** Says what a referrer is, by its artifact type and annotations. */
export function kindOf(
  artifactType: string,
  annotations: Readonly<Record<string, string>> = {},
): ReferrerKind {
  const predicate =
    annotations['dev.sigstore.bundle.predicateType'] ?? annotations['in-toto.io/predicate-type'] ?? '';
  if (isSigned(annotations, predicate)) return 'signature';
  const words = predicate === '' ? artifactType : predicate;
  const found = KINDS.find(([, pattern]) => pattern.test(words));
  if (found !== undefined) return found[0];
  if (predicate !== '') return 'attestation';
  return BUNDLE.test(artifactType) ? 'signature' : 'other';
}

function isSigned(annotations: Readonly<Record<string, string>>, predicate: string): boolean {
  return (
    annotations['dev.sigstore.bundle.content'] === 'message-signature' || predicate.includes('cosign/sign')
  );
}

/** Returns a referrer of the API, or of the tag that stands for it (distribution-spec: "Referrers Tag Schema"). */
export function referrerOf({ artifactType = '', ...descriptor }: Descriptor): Referrer {
  const { mediaType, digest, size, annotations } = descriptor;
  return {
    kind: kindOf(artifactType, annotations),
    artifactType,
    mediaType,
    digest: digest.text,
    size,
    tag: undefined,
    annotations,
  };
}

const OF_COSIGN = /cosign|sigstore/;

/** Whether it is a signature that `cosign verify` looks for: under a tag of cosign, or of one of its types. */
export function isCosignSignature({ kind, artifactType, tag }: Referrer): boolean {
  return kind === 'signature' && (tag !== undefined || OF_COSIGN.test(artifactType));
}

/** The same for a manifest that was opened by itself. */
export function holdsCosignSignature({ artifactType = '', layers, annotations }: ImageManifest): boolean {
  const types = [artifactType, ...layers.map(({ mediaType }) => mediaType)];
  return types.some((type) => OF_COSIGN.test(type) && kindOf(type, annotations) === 'signature');
}
