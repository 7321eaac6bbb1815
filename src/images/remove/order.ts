import type { Contents } from './contents.ts';
import { linksOf } from './needed.ts';

/** A manifest that is to be deleted by its digest. */
export interface RemovedManifest {
  readonly digest: string;
  /** Why it goes: it was chosen, or its index, or its image goes. */
  readonly role: 'image' | 'child' | 'referrer';
  /** The tags that go with it. */
  readonly tags: readonly string[];
  /** What has to be gone before: otherwise an index would lack a child, or a referrer its image. */
  readonly after: readonly string[];
}

interface Question {
  readonly chosen: { readonly digests: ReadonlySet<string> };
  readonly needed: ReadonlyMap<string, unknown>;
  readonly keepReferrers: boolean;
}

/** Finds what goes along with the chosen manifests, and in which order. Nothing of it is needed. */
export function inOrder(contents: Contents, question: Question): readonly RemovedManifest[] {
  const roles = rolesOf(contents, question);
  const before = beforeOf(contents, roles);
  const tagged = [...contents.tags].filter(([, digest]) => roles.has(digest));
  const tags = Map.groupBy(tagged, ([, digest]) => digest);
  const order = new Set<string>();
  for (const digest of roles.keys()) visit(digest, before, order);
  return [...order].map((digest) => ({
    digest,
    role: roles.get(digest) ?? 'image',
    tags: (tags.get(digest) ?? []).map(([tag]) => tag),
    after: [...(before.get(digest) ?? [])],
  }));
}

type Going = Pick<RemovedManifest, 'digest' | 'role'>;
type Roles = ReadonlyMap<string, RemovedManifest['role']>;

function rolesOf(contents: Contents, { chosen, needed, keepReferrers }: Question): Roles {
  const links = linksOf(contents);
  const roles = new Map<string, RemovedManifest['role']>();
  const waiting = [...chosen.digests].map((digest): Going => ({ digest, role: 'image' })).toReversed();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { digest, role } = next;
    const manifest = contents.manifests.get(digest);
    if (manifest === undefined || needed.has(digest) || roles.has(digest)) continue;
    roles.set(digest, role);
    for (const child of manifest.children) waiting.push({ digest: child, role: 'child' });
    for (const referrer of keepReferrers ? [] : (links.get(digest) ?? []))
      waiting.push({ digest: referrer, role: 'referrer' });
  }
  return roles;
}

/** Manifest -> what of the removed has to go first: its referrers, and the indexes that hold it. */
function beforeOf(contents: Contents, roles: Roles): ReadonlyMap<string, ReadonlySet<string>> {
  const before = new Map([...roles.keys()].map((digest) => [digest, new Set<string>()]));
  const add = (first: string, then: string): void => {
    if (first !== then && roles.has(first)) before.get(then)?.add(first);
  };
  for (const [image, referrers] of linksOf(contents)) for (const referrer of referrers) add(referrer, image);
  for (const index of roles.keys())
    for (const child of contents.manifests.get(index)?.children ?? []) add(index, child);
  return before;
}

/** Adds a manifest after all that has to go before it. Not recursive: a chain of indexes may be long. */
function visit(start: string, before: ReadonlyMap<string, ReadonlySet<string>>, order: Set<string>): void {
  const entered = new Set<string>();
  const stack = [start];
  for (let digest = stack.at(-1); digest !== undefined; digest = stack.at(-1)) {
    const first = [...(before.get(digest) ?? [])].filter((it) => !order.has(it) && !entered.has(it));
    if (order.has(digest) || first.length === 0) {
      stack.pop();
      order.add(digest);
    } else {
      entered.add(digest);
      stack.push(...first);
    }
  }
}
