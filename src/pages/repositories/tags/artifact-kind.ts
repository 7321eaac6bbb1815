import { kindOf, type Referrer } from '../../../images/view/referrers.ts';
import type { TagRow } from '../../../inventory/inventory.ts';

/** What is behind a tag, as far as the page tells. */
export type ArtifactKind = 'image' | 'chart' | Referrer['kind'];

const CHART = 'application/vnd.cncf.helm.config.v1+json';
const BY_ENDING: readonly (readonly [string, ArtifactKind])[] = [
  ['.sig', 'signature'],
  ['.att', 'attestation'],
  ['.sbom', 'sbom'],
];

/** Says what is behind a tag, by the type that its manifest states, and by the names that cosign gives. */
export function artifactKind({ tag, artifactType }: Pick<TagRow, 'tag' | 'artifactType'>): ArtifactKind {
  const named = tag.startsWith('sha256-') ? BY_ENDING.find(([ending]) => tag.endsWith(ending)) : undefined;
  if (named !== undefined) return named[1];
  if (artifactType === undefined) return 'image';
  return artifactType === CHART ? 'chart' : kindOf(artifactType);
}
