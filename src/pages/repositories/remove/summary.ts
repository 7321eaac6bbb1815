import { freedBytes } from '../../../images/remove/plan.ts';
import type { Need } from '../../../images/remove/needed.ts';
import { isHeldByTag, type Removal } from './prepare.ts';

/** What becomes of a tag. */
export interface TagFate {
  /** Undefined for a manifest that was chosen by its digest. */
  readonly tag: string | undefined;
  readonly digest: string | undefined;
  /**
   * `manifest`: it goes, with its tags if it has any by now. `image`: it goes with its image. `alone`: it goes, and its image stays. `along`: nobody chose it, but it goes with its
   * image. `stays`: it can't be removed. `missing`: there is no such tag any more.
   */
  readonly fate: 'manifest' | 'image' | 'alone' | 'along' | 'stays' | 'missing';
  /** What keeps the image, where it stays. */
  readonly need: Need | undefined;
  /** Other tags of the image that stay. */
  readonly others: readonly string[];
}

/** A removal as people read it. */
export interface RemovalSummary {
  readonly tags: readonly TagFate[];
  /** How many manifests go: images that have tags, those inside their indexes, and what refers to them. */
  readonly images: number;
  readonly children: number;
  readonly referrers: number;
  /** Bytes that nothing in the repository needs afterwards, each blob once. */
  readonly freed: number;
  /** Whether `freed` may be too much even within the repository. */
  readonly isAtMost: boolean;
  /** Whether anything is left to do. */
  readonly goes: boolean;
  /** Whether tags stay that would go along if their images went with all tags. */
  readonly isTied: boolean;
}

export function summarize(removal: Removal): RemovalSummary {
  const { plan } = removal;
  const inRole = (role: string): number => plan.manifests.filter((it) => it.role === role).length;
  const alone = plan.tags.filter(({ action }) => action === 'untag').length;
  return {
    tags: fatesOf(removal),
    images: inRole('image'),
    children: inRole('child'),
    referrers: inRole('referrer'),
    freed: freedBytes([plan]),
    isAtMost: plan.isAtMost,
    goes: alone + plan.manifests.length > 0,
    isTied: alone > 0 || removal.tied.length > 0,
  };
}

function fatesOf({ plan, wish, contents, tied }: Removal): readonly TagFate[] {
  const planned = new Map(plan.tags.map((it) => [it.tag, it]));
  const staying = [...contents.tags.keys()].filter((tag) => !wish.tags.has(tag));
  const stayingOf = Map.groupBy(staying, (tag) => contents.tags.get(tag));
  const chosen = [...wish.tags].map((tag): TagFate => {
    const found = planned.get(tag);
    if (found === undefined) return { tag, digest: undefined, fate: 'missing', need: undefined, others: [] };
    const { digest, action } = found;
    const fate = tied.includes(tag) || action === 'keep' ? 'stays' : action === 'untag' ? 'alone' : 'image';
    const others = isHeldByTag(plan, digest) ? (stayingOf.get(digest) ?? []) : [];
    return { tag, digest, fate, need: plan.needed.get(digest), others };
  });
  const along = plan.tags
    .filter(({ tag, action }) => action === 'remove' && !wish.tags.has(tag))
    .map(({ tag, digest }): TagFate => ({ tag, digest, fate: 'along', need: undefined, others: [] }));
  return [...chosen, ...manifestFates({ plan, wish }), ...along];
}

function manifestFates({ plan, wish }: Pick<Removal, 'plan' | 'wish'>): readonly TagFate[] {
  const going = new Set(plan.manifests.map(({ digest }) => digest));
  return wish.digests.map((digest): TagFate => {
    const need = plan.needed.get(digest);
    const fate = going.has(digest) ? 'manifest' : need === undefined ? 'missing' : 'stays';
    return { tag: undefined, digest, fate, need, others: [] };
  });
}
