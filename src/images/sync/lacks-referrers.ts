import { findReferrers } from '../copy/plan/find-referrers.ts';
import { nodesOf, type ImageNode } from '../copy/plan/node.ts';
import type { CopyPlan } from '../copy/plan/plan-copy.ts';
import type { Repository } from '../store.ts';
import { cosignTags } from '../tags/referrer-tags.ts';

/**
 * Whether a repository lacks something that refers to an image, to one of its platforms, or to what refers to these.
 * `sourceTags`: all tags of the repository that the image is in.
 */
export async function lacksReferrers(
  { reader, root }: CopyPlan,
  target: Repository,
  sourceTags: ReadonlySet<string>,
): Promise<boolean> {
  const referring = await findReferrers(reader, root);
  for (const [, nodes] of Map.groupBy(referring, ({ manifest }) => manifest.subject?.digest.text))
    if (await lacksOne(target, nodes)) return true;
  for (const tag of nodesOf(root).flatMap(({ stored }) => cosignTags(stored.digest).map((it) => it.tag))) {
    if (!sourceTags.has(tag)) continue;
    const theirs = await reader.source.readManifest(tag);
    if (theirs === undefined) continue;
    if ((await target.findManifest(tag))?.digest.text !== theirs.digest.text) return true;
  }
  return false;
}

/** Whether one of several referrers of the same subject is not listed. One that names no subject has to be there. */
async function lacksOne(target: Repository, nodes: readonly ImageNode[]): Promise<boolean> {
  const subject = nodes[0]?.manifest.subject;
  if (subject !== undefined) {
    const ours = new Set((await target.listReferrers(subject.digest)).map(({ digest }) => digest.text));
    return nodes.some(({ stored }) => !ours.has(stored.digest.text));
  }
  for (const { stored } of nodes)
    if ((await target.findManifest(stored.digest.text)) === undefined) return true;
  return false;
}
