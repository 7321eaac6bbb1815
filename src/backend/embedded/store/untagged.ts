import { readdir, stat } from 'node:fs/promises';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import { ALGORITHMS, parseDigest, type Digest } from '../../../oci/digest.ts';
import { ifExists } from '../disk/durable.ts';
import type { Registry } from './registry.ts';

/** A manifest that no tag names. */
export interface Untagged {
  readonly digest: string;
  /** When it was pushed last. */
  readonly since: Date;
}

/** As many manifests without a tag as are looked at in one repository. */
const MOST = 100_000;

/** Lists the manifests of a repository that no tag names, those that were pushed last first. */
export async function listUntagged(
  { paths, tags }: Pick<Registry, 'paths' | 'tags'>,
  repository: string,
): Promise<readonly Untagged[]> {
  const tagged = new Set<string>();
  await concurrentForEach((await tags.list(repository)) ?? [], async (tag) => {
    const digest = await tags.resolve(repository, tag);
    if (digest !== undefined) tagged.add(digest.text);
  });
  const others: Digest[] = [];
  for (const algorithm of ALGORITHMS) {
    const names = (await ifExists(readdir(paths.revisions(repository, algorithm)))) ?? [];
    for (const hex of names) {
      const digest = tagged.has(`${algorithm}:${hex}`) ? undefined : parseDigest(`${algorithm}:${hex}`);
      if (digest !== undefined && others.length < MOST) others.push(digest);
    }
  }
  const found: Untagged[] = [];
  await concurrentForEach(others, async (digest) => {
    // A manifest that was removed leaves its folder.
    const link = await ifExists(stat(paths.revision(repository, digest)));
    if (link !== undefined) found.push({ digest: digest.text, since: link.mtime });
  });
  return found.toSorted((one, other) => other.since.getTime() - one.since.getTime());
}
