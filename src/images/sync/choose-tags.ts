import { isReferrerTag } from '../tags/referrer-tags.ts';
import { matchesGlob } from '../tags/glob.ts';
import { sortTags } from '../tags/tag-order.ts';
import { compileVersionRange } from '../tags/version-range.ts';
import type { SyncRule } from './sync-rule.ts';

/** Returns the tags that a rule takes, the newest first. */
export function chooseTags(
  all: readonly string[],
  { tags, versions, exclude, newest }: Pick<SyncRule, 'tags' | 'versions' | 'exclude' | 'newest'>,
): readonly string[] {
  const isInRange = versions === undefined ? undefined : (compileVersionRange(versions) ?? (() => false));
  const takesAll = tags.length === 0 && isInRange === undefined;
  const isTaken = (tag: string): boolean =>
    takesAll ? !isReferrerTag(tag) : tags.some((glob) => matchesGlob(tag, glob)) || isInRange?.(tag) === true;
  const taken = all.filter((tag) => isTaken(tag) && !exclude.some((glob) => matchesGlob(tag, glob)));
  return sortTags(taken).slice(0, newest);
}
