import { subjectOfTag } from '../tags/referrer-tags.ts';
import type { Contents } from './contents.ts';

/** Why a manifest stays. */
export interface Need {
  /** It is the image of the tag, a child of its index, the image to which it refers, or a referrer of it. */
  readonly by: 'tag' | 'child' | 'subject' | 'referrer';
  readonly tag: string;
}

interface Going {
  readonly tags: ReadonlySet<string>;
  readonly digests: ReadonlySet<string>;
}

interface Step extends Need {
  readonly digest: string;
}

/**
 * Finds every manifest that stays since a tag which stays needs it. Referrers of what stays do too, unless they are
 * chosen themselves. With `keepReferrers`, all referrers stay and their images may go.
 */
export function findNeeded(
  contents: Contents,
  chosen: Going,
  keepReferrers: boolean,
): ReadonlyMap<string, Need> {
  const neighbours = neighboursOf(contents, chosen, keepReferrers);
  const needed = new Map<string, Need>();
  const waiting: Step[] = rootsOf(contents, chosen, keepReferrers).toReversed();
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    const { digest, by, tag } = step;
    if (needed.has(digest)) continue;
    needed.set(digest, { by, tag });
    for (const next of neighbours(digest)) waiting.push({ ...next, tag });
  }
  return needed;
}

/** Returns what stays along with a manifest. */
function neighboursOf(
  contents: Contents,
  chosen: Going,
  keepReferrers: boolean,
): (digest: string) => readonly Omit<Step, 'tag'>[] {
  const bySubject = linksBySubject(contents);
  const byTag = linksByTag(contents, chosen.tags);
  return (digest) => {
    const { children = [], subject } = contents.manifests.get(digest) ?? {};
    const subjects = subject === undefined || keepReferrers ? [] : [subject];
    const own = [...(bySubject.get(digest) ?? [])].filter((referrer) => !chosen.digests.has(referrer));
    return [
      ...children.map((child) => ({ digest: child, by: 'child' as const })),
      ...subjects.map((image) => ({ digest: image, by: 'subject' as const })),
      ...[...own, ...(byTag.get(digest) ?? [])].map((referrer) => ({
        digest: referrer,
        by: 'referrer' as const,
      })),
    ];
  };
}

function rootsOf(contents: Contents, chosen: Going, keepReferrers: boolean): readonly Step[] {
  const mayGo = keepReferrers ? new Set<string>() : belowChosen(contents, chosen);
  // Reasons name a tag that people chose, if there is one.
  const tagged = ownFirst(contents).flatMap(([tag, digest]): Step[] => {
    if (chosen.tags.has(tag)) return [];
    // A tag of a referrer follows its image, if that may go; otherwise it stays.
    const subject = subjectOfTag(tag);
    return subject !== undefined && mayGo.has(subject) ? [] : [{ digest, by: 'tag', tag }];
  });
  if (!keepReferrers) return tagged;
  const referrers = [...contents.manifests.values()].flatMap(({ digest, subject }): Step[] =>
    subject === undefined || chosen.digests.has(digest) ? [] : [{ digest, by: 'referrer', tag: subject }],
  );
  return [...tagged, ...referrers];
}

/** The tags of images, then those of referrers. */
function ownFirst({ tags }: Contents): readonly (readonly [tag: string, digest: string])[] {
  const rank = ([tag]: readonly [string, string]): number => (subjectOfTag(tag) === undefined ? 0 : 1);
  return [...tags].toSorted((a, b) => rank(a) - rank(b));
}

/** Everything that would go with the chosen manifests if nothing needed it. */
function belowChosen(contents: Contents, { digests }: Going): ReadonlySet<string> {
  const links = linksOf(contents);
  const below = new Set<string>();
  const waiting = [...digests];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    const manifest = contents.manifests.get(digest);
    if (manifest === undefined || below.has(digest)) continue;
    below.add(digest);
    waiting.push(...manifest.children, ...(links.get(digest) ?? []));
  }
  return below;
}

type Links = ReadonlyMap<string, ReadonlySet<string>>;

/** Image -> what refers to it, by its subject or by the name of its tag. */
export function linksOf(contents: Contents): Links {
  const bySubject = linksBySubject(contents);
  const byTag = linksByTag(contents, new Set());
  const images = [...bySubject.keys(), ...byTag.keys()];
  return new Map(
    images.map((image) => [image, new Set([...(bySubject.get(image) ?? []), ...(byTag.get(image) ?? [])])]),
  );
}

function linksBySubject({ manifests }: Contents): Links {
  return groupLinks([...manifests.values()].map(({ digest, subject }) => [subject, digest]));
}

function linksByTag({ tags }: Contents, without: ReadonlySet<string>): Links {
  const left = [...tags].filter(([tag]) => !without.has(tag));
  return groupLinks(left.map(([tag, digest]) => [subjectOfTag(tag), digest]));
}

function groupLinks(pairs: readonly (readonly [string | undefined, string])[]): Links {
  const links = new Map<string, Set<string>>();
  for (const [image, referrer] of pairs)
    if (image !== undefined) links.set(image, (links.get(image) ?? new Set()).add(referrer));
  return links;
}
