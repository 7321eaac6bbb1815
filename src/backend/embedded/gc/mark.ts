import { readdir } from 'node:fs/promises';
import { ALGORITHMS, parseDigest } from '../../../oci/digest.ts';
import { ifExists, exists } from '../disk/durable.ts';
import { KeepSet } from './keep.ts';
import { reachable, type Revision } from './reach.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import type { Registry } from '../store/registry.ts';

export interface GcProgress {
  readonly phase: 'mark' | 'sweep' | 'links';
  /** Repositories or blobs processed in this phase. */
  readonly done: number;
}

export interface Marks {
  /** What stays. Grows when new manifests are seen. */
  readonly keep: KeepSet;
  /** `REPOSITORY DIGEST` of every manifest that was read. */
  readonly seen: Set<string>;
  /** Manifests to remove, since no tag reaches them. */
  readonly dropped: readonly Revision[];
}

interface MarkOptions {
  readonly dropUntagged: boolean;
  /** Younger content stays, in milliseconds since the epoch. */
  readonly before: number;
  readonly onProgress?: ((progress: GcProgress) => void) | undefined;
}

/** Marks everything that the manifests of all repositories reference. */
export async function markAll(registry: Registry, options: MarkOptions): Promise<Marks> {
  const keep = new KeepSet(registry);
  const seen = new Set<string>();
  const dropped: Revision[] = [];
  let done = 0;
  for await (const repository of registry.catalog.walk()) {
    const revisions = await revisionsOf(registry, repository);
    const staying = options.dropUntagged ? await reachable(registry, revisions, options.before) : revisions;
    const stays = new Set(staying.map(({ digest }) => digest.text));
    dropped.push(...revisions.filter(({ digest }) => !stays.has(digest.text)));
    await concurrentForEach(staying, (revision) => markOne(revision, { keep, seen }));
    done += 1;
    options.onProgress?.({ phase: 'mark', done });
  }
  return { keep, seen, dropped };
}

/** Marks manifests that were pushed since the last walk. */
export async function markNew(registry: Registry, marks: Marks): Promise<void> {
  for await (const repository of registry.catalog.walk()) {
    const fresh = await revisionsOf(registry, repository, (revision) => !marks.seen.has(keyOf(revision)));
    await concurrentForEach(fresh, (revision) => markOne(revision, marks));
  }
}

async function markOne(revision: Revision, { keep, seen }: Pick<Marks, 'keep' | 'seen'>): Promise<void> {
  seen.add(keyOf(revision));
  await keep.addManifest(revision.repository, revision.digest);
}

async function revisionsOf(
  { paths }: Registry,
  repository: string,
  wanted: (revision: Revision) => boolean = () => true,
): Promise<readonly Revision[]> {
  const found: Revision[] = [];
  for (const algorithm of ALGORITHMS) {
    const names = (await ifExists(readdir(paths.revisions(repository, algorithm)))) ?? [];
    await concurrentForEach(names, async (hex) => {
      const digest = parseDigest(`${algorithm}:${hex}`);
      if (digest === undefined || !wanted({ repository, digest })) return;
      if (await exists(paths.revision(repository, digest))) found.push({ repository, digest });
    });
  }
  return found;
}

function keyOf({ repository, digest }: Revision): string {
  return `${repository} ${digest.text}`;
}
