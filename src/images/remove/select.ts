import { subjectOfTag } from '../tags/referrer-tags.ts';
import type { Contents } from './contents.ts';
import { matchesGlob } from '../tags/glob.ts';

/** Which tags are to go. A tag goes only if every condition that is stated says so. */
export interface Selection {
  /** Globs: the tag matches one of them. Empty: every tag. */
  readonly match: readonly string[];
  /** Globs: the tag matches none of them. */
  readonly except: readonly string[];
  /** Of the images that `match` and `except` leave, this many of the newest stay, with all their tags. */
  readonly keepLast: number | undefined;
  /** The image was made longer ago than this, in milliseconds. */
  readonly olderThan: number | undefined;
  /** Also tags of referrers whose image is gone. */
  readonly orphans: boolean;
}

/** Whether a tag is to go, and why, or why not. */
export interface Verdict {
  readonly goes: boolean;
  readonly reason: string;
}

/** Whether the selection judges by the time at which images were made. */
export function needsTimes({ keepLast, olderThan }: Selection): boolean {
  return keepLast !== undefined || olderThan !== undefined;
}

/** Whether the selection chooses tags of images at all, and not orphans alone. */
function choosesImages(selection: Selection): boolean {
  return needsTimes(selection) || selection.match.length > 0;
}

/** Whether a tag is one that the times decide about. */
export function isCandidate({ match, except }: Selection, tag: string): boolean {
  if (subjectOfTag(tag) !== undefined) return false;
  const isMatched = match.length === 0 || match.some((glob) => matchesGlob(tag, glob));
  return isMatched && !except.some((glob) => matchesGlob(tag, glob));
}

/**
 * Judges each tag of an image. An image without a known time stays wherever times decide. Tags of referrers follow their
 * image, and get a verdict only as orphans. `now` is in milliseconds since 1970.
 */
export function selectTags(
  contents: Contents,
  selection: Selection,
  now: number,
): ReadonlyMap<string, Verdict> {
  const newest = newestImages(contents, selection);
  // The images of a repository of signatures alone are elsewhere.
  const hasImages = [...contents.tags.keys()].some((tag) => subjectOfTag(tag) === undefined);
  return new Map(
    [...contents.tags].flatMap(([tag, digest]): [string, Verdict][] => {
      const subject = subjectOfTag(tag);
      if (subject !== undefined)
        return contents.absent.has(subject)
          ? [[tag, orphanVerdict(selection, { tag, subject, hasImages })]]
          : [];
      if (!choosesImages(selection)) return [[tag, stays('not selected')]];
      if (!isCandidate(selection, tag)) return [[tag, stays(whyNot(selection, tag))]];
      if (newest.has(digest)) return [[tag, stays(`one of the newest ${selection.keepLast}`)]];
      return [[tag, judgeTime(selection, contents.manifests.get(digest)?.created, now)]];
    }),
  );
}

function stays(reason: string): Verdict {
  return { goes: false, reason };
}

interface Orphan {
  readonly tag: string;
  readonly subject: string;
  readonly hasImages: boolean;
}

/** `--except` keeps orphans too. `--match` and the times choose images. */
function orphanVerdict({ orphans, except }: Selection, { tag, subject, hasImages }: Orphan): Verdict {
  if (!hasImages) return stays('the images of this repository are elsewhere');
  const glob = except.find((it) => matchesGlob(tag, it));
  if (glob !== undefined) return stays(`matches --except ${glob}`);
  const reason = `its image ${shortDigest(subject)} is gone`;
  return orphans ? { goes: true, reason } : stays(`${reason}: --untagged would remove it`);
}

function whyNot({ except }: Selection, tag: string): string {
  const glob = except.find((it) => matchesGlob(tag, it));
  return glob === undefined ? 'matches no --match' : `matches --except ${glob}`;
}

/** Digests of the newest images among the candidates. Several tags of one image count once. */
function newestImages(contents: Contents, selection: Selection): ReadonlySet<string> {
  if (selection.keepLast === undefined) return new Set();
  const dated = new Map<string, number>();
  for (const [tag, digest] of contents.tags) {
    const created = contents.manifests.get(digest)?.created;
    if (created !== undefined && isCandidate(selection, tag)) dated.set(digest, created);
  }
  const sorted = [...dated].toSorted(([a, aMade], [b, bMade]) => bMade - aMade || (a < b ? -1 : 1));
  return new Set(sorted.slice(0, selection.keepLast).map(([digest]) => digest));
}

function judgeTime(selection: Selection, created: number | undefined, now: number): Verdict {
  const { keepLast, olderThan } = selection;
  if (needsTimes(selection) && created === undefined) return stays('the time it was made is not known');
  if (olderThan !== undefined && created !== undefined && now - created <= olderThan)
    return stays('not older than --older-than');
  const reasons = [
    ...(selection.match.length > 0 ? ['matches --match'] : []),
    ...(keepLast === undefined ? [] : [`not one of the newest ${keepLast}`]),
    ...(olderThan === undefined ? [] : ['older than --older-than']),
  ];
  return { goes: true, reason: reasons.join(', ') };
}

/** `sha256:` and the first 12 digits, as docker prints it. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 19);
}
