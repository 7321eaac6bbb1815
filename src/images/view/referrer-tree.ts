import { concurrentForEach } from '../../lib/concurrent-for-each.ts';
import { AppError } from '../../lib/errors.ts';
import { parseDigest, type Digest } from '../../oci/digest.ts';
import type { ImageSource } from '../store.ts';
import { findReferrers } from './find-referrers.ts';
import type { Referrer } from './referrers.ts';

/** What refers to something, with what refers to that. */
export interface ReferrerNode {
  readonly referrer: Referrer;
  readonly children: readonly ReferrerNode[];
}

export interface ReferrerTree {
  readonly subject: Digest;
  readonly nodes: readonly ReferrerNode[];
  /** Whether there may be more than was looked at. */
  readonly isCut: boolean;
}

/** How deep referrers of referrers are followed: a signature of an SBOM of an image is two deep. */
const MOST_DEPTH = 4;
/** How many referrers of all subjects together are asked for their own, each with a few requests. */
const MOST_ASKED = 64;

/** Finds what refers to these manifests, and what refers to that. Each referrer stands once. */
export async function readReferrerTrees(
  source: ImageSource,
  subjects: readonly Digest[],
): Promise<readonly ReferrerTree[]> {
  const found = new Map<string, readonly Referrer[]>();
  let isCut = false;
  let level = subjects;
  for (let depth = 0; level.length > 0; depth += 1) {
    const open = level.filter(({ text }) => !found.has(text));
    const asked = depth === MOST_DEPTH ? [] : open.slice(0, Math.max(0, MOST_ASKED - found.size));
    isCut ||= asked.length < open.length;
    await concurrentForEach(asked, async (subject) => {
      const referrers = await findValid(source, subject);
      isCut ||= referrers === undefined;
      found.set(subject.text, referrers ?? []);
    });
    level = asked.flatMap(({ text }) => (found.get(text) ?? []).flatMap(digestOfReferrer));
  }
  const placed = new Set(subjects.map(({ text }) => text));
  return subjects.map((subject) => ({ subject, nodes: nest(subject.text, found, placed), isCut }));
}

/** Undefined if what is listed can't be read: one who may push a referrer must not take the page of the image away. */
async function findValid(source: ImageSource, subject: Digest): Promise<readonly Referrer[] | undefined> {
  try {
    return await findReferrers(source, [subject]);
  } catch (error) {
    if (error instanceof AppError && error.code === 'IMAGE_INVALID') return undefined;
    throw error;
  }
}

function digestOfReferrer({ digest }: Referrer): readonly Digest[] {
  const parsed = parseDigest(digest);
  return parsed === undefined ? [] : [parsed];
}

/** `placed` holds what stands in a tree already: hostile lists may name each other. */
function nest(
  subject: string,
  found: ReadonlyMap<string, readonly Referrer[]>,
  placed: Set<string>,
): readonly ReferrerNode[] {
  const own = (found.get(subject) ?? []).filter(({ digest }) => !placed.has(digest));
  for (const { digest } of own) placed.add(digest);
  return own.map((referrer) => ({ referrer, children: nest(referrer.digest, found, placed) }));
}
