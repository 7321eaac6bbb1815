import { subjectOfTag } from '../tags/referrer-tags.ts';
import type { Contents, KnownManifest } from './contents.ts';
import { findNeeded, type Need } from './needed.ts';
import { inOrder, type RemovedManifest } from './order.ts';
import { shortDigest, type Verdict } from './select.ts';

/** What is to be removed of a repository. */
export interface Choice {
  /** By tag. A tag without a verdict stays, or follows its image if it is one of a referrer. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Images that are named by digest: they go with all their tags. */
  readonly digests: ReadonlySet<string>;
  /** Whether signatures, SBOMs and other referrers of a removed image stay. */
  readonly keepReferrers: boolean;
}

export interface TagPlan {
  readonly tag: string;
  readonly digest: string;
  /** `remove`: the tag goes with its image. `untag`: the tag goes alone, since something else needs its image. */
  readonly action: 'keep' | 'untag' | 'remove';
  readonly reason: string;
}

export interface RemovalPlan {
  readonly repository: string;
  readonly tags: readonly TagPlan[];
  /** Manifests to delete, in this order: referrers before their image, an index before its children. */
  readonly manifests: readonly RemovedManifest[];
  /** Digests that were named but have to stay, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
  /** Manifests that stay, with what needs them. */
  readonly needed: ReadonlyMap<string, Need>;
  /** Blobs and manifests that nothing in the repository needs afterwards: digest -> bytes. */
  readonly freed: ReadonlyMap<string, number>;
  /** Blobs and manifests that stay. */
  readonly kept: ReadonlySet<string>;
  /** Whether a manifest stays whose blobs can't be known, so that `freed` may be too much. */
  readonly isAtMost: boolean;
}

/**
 * Plans a removal. No manifest goes that a tag which stays needs: as its image, as the child of its index, or as the
 * image to which it refers.
 */
export function planRemoval(contents: Contents, choice: Choice): RemovalPlan {
  const chosen = chosenOf(contents, choice);
  const needed = findNeeded(contents, chosen, choice.keepReferrers);
  const removed = inOrder(contents, { chosen, needed, keepReferrers: choice.keepReferrers });
  const gone = new Set(removed.map(({ digest }) => digest));
  const left = [...contents.manifests.values()].filter(({ digest }) => !gone.has(digest));
  const kept = digestsOf(left);
  const going = [...gone].flatMap((digest) => contents.manifests.get(digest) ?? []);
  return {
    repository: contents.repository,
    tags: [...contents.tags].map(([tag, digest]) => planTag({ tag, digest }, choice, { gone, needed })),
    manifests: removed,
    refused: new Map(
      [...choice.digests].flatMap((digest) => {
        const need = needed.get(digest);
        return need === undefined ? [] : [[digest, whyNeeded(need)]];
      }),
    ),
    needed,
    freed: sizesOf(going, kept),
    kept,
    isAtMost: left.some(({ isOpaque }) => isOpaque),
  };
}

/** The space that comes back, counted once, where several repositories share one store of blobs. In bytes. */
export function freedBytes(plans: readonly Pick<RemovalPlan, 'freed' | 'kept'>[]): number {
  const counted = new Set<string>();
  let bytes = 0;
  for (const { freed } of plans) {
    for (const [digest, size] of freed) {
      if (counted.has(digest) || plans.some(({ kept }) => kept.has(digest))) continue;
      counted.add(digest);
      bytes += size;
    }
  }
  return bytes;
}

/** What manifests are stored as. There may be hundreds of thousands, and no pair is made for each. */
function digestsOf(manifests: readonly KnownManifest[]): ReadonlySet<string> {
  const digests = new Set<string>();
  for (const { digest, blobs } of manifests) {
    digests.add(digest);
    for (const blob of blobs) digests.add(blob.digest);
  }
  return digests;
}

/** The bytes of all that manifests are stored as, but for what is kept. */
function sizesOf(
  manifests: readonly KnownManifest[],
  kept: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const manifest of manifests) {
    for (const { digest, size } of [manifest, ...manifest.blobs])
      if (!kept.has(digest)) sizes.set(digest, size);
  }
  return sizes;
}

/** What the choice takes away by itself, before anything is found to be needed. */
interface Chosen {
  readonly tags: ReadonlySet<string>;
  readonly digests: ReadonlySet<string>;
}

function chosenOf({ tags }: Contents, { verdicts, digests }: Choice): Chosen {
  const going = [...tags].filter(([tag, digest]) => verdicts.get(tag)?.goes === true || digests.has(digest));
  return {
    tags: new Set(going.map(([tag]) => tag)),
    digests: new Set([...digests, ...going.map(([, digest]) => digest)]),
  };
}

interface Outcome {
  readonly gone: ReadonlySet<string>;
  readonly needed: ReadonlyMap<string, Need>;
}

function planTag(
  { tag, digest }: Pick<TagPlan, 'tag' | 'digest'>,
  { verdicts, digests }: Choice,
  { gone, needed }: Outcome,
): TagPlan {
  const verdict = verdicts.get(tag);
  const subject = subjectOfTag(tag);
  const follows = subject !== undefined && gone.has(subject);
  if (gone.has(digest)) {
    const reason = verdict?.goes === true ? verdict.reason : digestReason(follows ? subject : undefined);
    return { tag, digest, action: 'remove', reason };
  }
  const need = needed.get(digest);
  if (verdict?.goes === true)
    return {
      tag,
      digest,
      action: 'untag',
      reason: `${verdict.reason}; its image stays: ${need === undefined ? 'it is not known here' : whyNeeded(need)}`,
    };
  return {
    tag,
    digest,
    action: 'keep',
    reason: keptReason(verdict, subject, digests.has(digest) ? need : undefined),
  };
}

function digestReason(subject: string | undefined): string {
  return subject === undefined ? 'its image goes' : `belongs to ${shortDigest(subject)}, which goes`;
}

function keptReason(
  verdict: Verdict | undefined,
  subject: string | undefined,
  need: Need | undefined,
): string {
  if (need !== undefined) return whyNeeded(need);
  return verdict?.reason ?? (subject === undefined ? 'not selected' : `belongs to ${shortDigest(subject)}`);
}

/** Says what needs an image. */
function whyNeeded({ by, tag }: Need): string {
  if (by === 'child') return `the index of ${tag} needs it`;
  if (by === 'subject') return `${tag} refers to it`;
  return by === 'tag' ? `${tag} has it too` : `it belongs to ${tag}`;
}
