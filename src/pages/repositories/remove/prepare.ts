import { createHash, randomUUID } from 'node:crypto';
import { prepareRemoval, type PreparedRemoval } from '../../../images/remove/prepare.ts';
import type { RemovalPlan } from '../../../images/remove/plan.ts';
import type { Repository } from '../../../images/store.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import { AppError } from '../../../lib/errors.ts';
import { parseDigest } from '../../../oci/digest.ts';
import type { Fields } from '../../request/fields.ts';

/**
 * What happens to a tag whose image has other tags, at a registry that removes no tag alone: it stays, its image goes
 * with all tags, or an empty image is pushed over the tag and deleted.
 */
const SHARED = ['keep', 'all', 'overwrite'] as const;
export type Shared = (typeof SHARED)[number];

/** What the summary or its form asks for. */
export interface RemovalWish {
  readonly tags: ReadonlySet<string>;
  /** Of manifests that go with all their tags. */
  readonly digests: readonly string[];
  readonly shared: Shared;
}

export function parseRemovalWish(fields: Fields): RemovalWish {
  const shared = fields.get('shared');
  return {
    tags: new Set(fields.all('tag').filter((tag) => tag !== '')),
    digests: [...new Set(fields.all('digest').filter((digest) => parseDigest(digest) !== undefined))],
    shared: SHARED.find((it) => it === shared) ?? 'keep',
  };
}

/**
 * The most names of blobs and manifests that one removal holds, some 40 MB: those of 10,000 tags with 30 layers each.
 * The gate serves others meanwhile; beyond, the command line does it in a process of its own.
 */
const MOST_NAMES = 300_000;

/** What a registry can do. */
interface Abilities {
  /** Whether it deletes at all: distribution does only where its configuration says so. */
  readonly deletes: boolean;
  /** Whether it removes a tag and leaves the image: distribution does from 3.0 on. */
  readonly untags: boolean;
}

/** What would be removed, and what of the wish can't be. */
export interface Removal extends PreparedRemoval {
  readonly wish: RemovalWish;
  readonly abilities: Abilities;
  /** Tags that stay since the registry can't remove them alone. */
  readonly tied: readonly string[];
}

/**
 * Reads a repository and plans what goes. Changes nothing: what the registry can do is found out by asking it to delete
 * what it cannot have.
 */
export async function prepareWish(
  repository: Repository,
  wish: RemovalWish,
  isEmbedded: boolean,
): Promise<Removal> {
  const abilities = isEmbedded ? { deletes: true, untags: true } : await findAbilities(repository);
  const prepare = (tags: ReadonlySet<string>, digests: readonly string[] = []): Promise<PreparedRemoval> =>
    prepareRemoval(
      repository,
      {
        selection: undefined,
        tags,
        digests,
        keepReferrers: false,
        now: Date.now(),
      },
      { mostNames: MOST_NAMES },
    );
  const digests = await stillThere(repository, wish.digests);
  const first = await prepare(wish.tags, digests);
  const alone = first.plan.tags.filter(({ action }) => action === 'untag');
  const done = { wish, abilities, tied: [] };
  if (abilities.untags || alone.length === 0 || wish.shared === 'overwrite') return { ...first, ...done };
  // What an index or a referrer needs stays whatever is chosen.
  const goes = wish.shared === 'all' ? alone.filter((it) => isHeldByTag(first.plan, it.digest)) : [];
  const tied = alone.filter((it) => !goes.includes(it)).map(({ tag }) => tag);
  const left = [...wish.tags].filter((tag) => !tied.includes(tag));
  return { ...(await prepare(new Set(left), [...digests, ...digestsOf(goes)])), ...done, tied };
}

/** Somebody may have removed some meanwhile. */
async function stillThere(repository: Repository, digests: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  await concurrentForEach(digests, async (digest) => {
    if ((await repository.findManifest(digest)) !== undefined) found.add(digest);
  });
  return digests.filter((digest) => found.has(digest));
}

function digestsOf(tags: readonly { readonly digest: string }[]): readonly string[] {
  return [...new Set(tags.map(({ digest }) => digest))];
}

/** Whether other tags alone keep an image. */
export function isHeldByTag({ needed }: Pick<RemovalPlan, 'needed'>, digest: string): boolean {
  return needed.get(digest)?.by === 'tag';
}

async function findAbilities(repository: Repository): Promise<Abilities> {
  const digest = `sha256:${createHash('sha256').update(randomUUID()).digest('hex')}`;
  const [deletes, untags] = [await isKnown(repository, digest), await isKnown(repository, randomUUID())];
  return { deletes, untags };
}

/** Whether the registry looks for what it is to delete. One that refuses for another reason says it when it matters. */
async function isKnown(repository: Repository, reference: string): Promise<boolean> {
  try {
    return (await repository.deleteManifest(reference)) !== 'unsupported';
  } catch (error) {
    if (error instanceof AppError && error.code === 'REGISTRY_REFUSED') return true;
    throw error;
  }
}

/** Tells one plan from another: a form carries that of the summary that somebody read. */
export function fingerprint({ plan, tied }: Pick<Removal, 'plan' | 'tied'>): string {
  const steps = {
    alone: plan.tags.filter(({ action }) => action === 'untag').map(({ tag, digest }) => [tag, digest]),
    manifests: plan.manifests.map(({ digest, tags }) => [digest, ...tags.toSorted()]),
    tied,
  };
  steps.alone.sort();
  steps.manifests.sort();
  return createHash('sha256').update(JSON.stringify(steps)).digest('hex');
}
