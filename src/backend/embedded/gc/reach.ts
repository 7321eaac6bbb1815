import { stat } from 'node:fs/promises';
import { ifExists } from '../disk/durable.ts';
import type { Digest } from '../../../oci/digest.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import { unreadable } from '../store/stored-manifest.ts';
import type { Registry } from '../store/registry.ts';

/** A manifest of a repository. */
export interface Revision {
  readonly repository: string;
  readonly digest: Digest;
}

/** The references within one repository, by digest. */
interface ReferenceGraph {
  readonly leadsTo: Map<string, string[]>;
  /** Manifests whose references are not fully known. */
  readonly doubtful: Set<string>;
}

/**
 * Returns the manifests that a tag reaches: directly, through indexes, or as referrers of one that is kept. Young
 * manifests always stay, and all manifests stay if a kept one can't be read.
 */
export async function reachable(
  registry: Registry,
  revisions: readonly Revision[],
  before: number,
): Promise<readonly Revision[]> {
  const [first] = revisions;
  if (first === undefined) return [];
  const { repository } = first;
  const waiting: string[] = [];
  await concurrentForEach((await registry.tags.list(repository)) ?? [], async (tag) => {
    const digest = await registry.tags.resolve(repository, tag);
    if (digest !== undefined) waiting.push(digest.text);
  });
  const reach: ReferenceGraph = { leadsTo: new Map(), doubtful: new Set() };
  await concurrentForEach(revisions, async (revision) => {
    const written = await ifExists(stat(registry.paths.revision(repository, revision.digest)));
    if (written !== undefined && written.mtimeMs >= before) waiting.push(revision.digest.text);
    await addReferences(registry, revision, reach);
  });
  const kept = closureOf(waiting, reach.leadsTo);
  if (revisions.some(({ digest: { text } }) => kept.has(text) && reach.doubtful.has(text))) return revisions;
  return revisions.filter(({ digest }) => kept.has(digest.text));
}

function closureOf(waiting: string[], leadsTo: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const kept = new Set<string>();
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    if (kept.has(text)) continue;
    kept.add(text);
    for (const next of leadsTo.get(text) ?? []) if (!kept.has(next)) waiting.push(next);
  }
  return kept;
}

async function addReferences(
  { manifests }: Registry,
  revision: Revision,
  reach: ReferenceGraph,
): Promise<void> {
  const { repository, digest } = revision;
  const target = await manifests.target(repository, digest);
  add(reach, digest.text, target.text);
  add(reach, target.text, digest.text);
  const inspected = await manifests.inspect(target).catch(() => ({ reading: unreadable('') }));
  if (inspected === undefined) return;
  const { manifest, doubt } = inspected.reading;
  if (doubt !== undefined) reach.doubtful.add(digest.text);
  for (const child of manifest.children) add(reach, digest.text, child.digest.text);
  if (manifest.subject !== undefined) add(reach, manifest.subject.text, digest.text);
}

function add({ leadsTo }: ReferenceGraph, from: string, to: string): void {
  if (from === to) return;
  const known = leadsTo.get(from);
  if (known === undefined) leadsTo.set(from, [to]);
  else known.push(to);
}
