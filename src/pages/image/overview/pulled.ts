import { holdsCosignSignature, isCosignSignature } from '../../../images/view/referrers.ts';
import { subjectOfTag } from '../../../images/tags/referrer-tags.ts';
import type { Pulled } from '../../pull/pull-lines.ts';
import type { RequestOf } from '../../request/page-request.ts';
import { artifactKind } from './artifact.ts';
import type { Overview } from './read-overview.ts';

/** How what a page shows is fetched, and how its signature is verified. */
export function pulledOf(
  { address, client }: Pick<RequestOf<'image'>, 'address' | 'client'>,
  overview: Overview,
): Pulled {
  const { repository, reference } = address;
  return {
    name: `${client.host}/${repository}`,
    reference,
    kind: kindOf(overview),
    signed: signedBy(overview, reference) ?? signedOf(overview),
  };
}

function kindOf({ config, opened: { manifest } }: Overview): Pulled['kind'] {
  if (config !== undefined) return 'image';
  return artifactKind(manifest) === 'helm' ? 'chart' : 'artifact';
}

/** What a signature of cosign is one of: its subject, or that which its tag names. */
function signedBy({ opened: { manifest } }: Overview, reference: string): string | undefined {
  if (!holdsCosignSignature(manifest)) return undefined;
  return manifest.subject?.digest.text ?? subjectOfTag(reference);
}

/** The first digest of the page that has a signature of cosign: the index before the image of a platform. */
function signedOf({ trees }: Overview): string | undefined {
  return trees.find(({ nodes }) => nodes.some(({ referrer }) => isCosignSignature(referrer)))?.subject.text;
}
