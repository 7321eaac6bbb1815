import type { RemovedManifest } from './order.ts';
import type { RemovalPlan, TagPlan } from './plan.ts';

interface Changed {
  readonly kind: 'tag' | 'manifest';
  readonly digest: string;
  readonly tags: readonly string[];
}

interface StillPlanned {
  readonly plan: Pick<RemovalPlan, 'tags' | 'manifests'>;
  /** Steps of the first plan that are no longer right. */
  readonly changed: readonly Changed[];
}

/**
 * Returns what two plans of one repository have in common: of a plan that somebody saw, what is still right. A manifest
 * that got another tag meanwhile stays, and so does what may go only after it.
 */
export function stillPlanned(seen: RemovalPlan, now: RemovalPlan): StillPlanned {
  const nowTags = new Map(now.tags.map((it) => [it.tag, it]));
  const seenManifests = new Map(seen.manifests.map((it) => [it.digest, it]));
  const alone = seen.tags.filter(({ action }) => action === 'untag');
  const isSame = ({ tag, digest, action }: TagPlan): boolean => {
    const other = nowTags.get(tag);
    return other?.digest === digest && other.action === action;
  };
  const dropped = new Set<string>();
  const manifests = now.manifests.filter((manifest) => {
    const isRight = hasTagsOf(manifest, seenManifests.get(manifest.digest));
    const stays = !isRight || manifest.after.some((digest) => dropped.has(digest));
    if (stays) dropped.add(manifest.digest);
    return !stays;
  });
  const left = new Set(manifests.map(({ digest }) => digest));
  return {
    plan: { tags: alone.filter(isSame), manifests },
    changed: [
      ...alone
        .filter((it) => !isSame(it))
        .map(({ tag, digest }): Changed => ({ kind: 'tag', digest, tags: [tag] })),
      ...seen.manifests
        .filter(({ digest }) => !left.has(digest))
        .map(({ digest, tags }): Changed => ({ kind: 'manifest', digest, tags })),
    ],
  };
}

function hasTagsOf(now: RemovedManifest, seen: RemovedManifest | undefined): boolean {
  const tags = new Set(seen?.tags);
  return seen !== undefined && now.tags.every((tag) => tags.has(tag));
}
