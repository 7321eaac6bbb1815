import type { StoredManifest } from '../../model/manifest.ts';
import type { ImageTarget } from '../../store.ts';
import { nodesOf, type ImageNode } from '../plan/node.ts';

interface ToPut {
  readonly target: ImageTarget;
  readonly root: ImageNode;
  readonly referrers: readonly ImageNode[];
  readonly names: readonly string[];
}

/**
 * Stores manifests, each after those that it names, and the names last: who pulls by a name gets all of it. Returns
 * whether something was written.
 */
export async function putManifests({ target, root, referrers, names }: ToPut): Promise<boolean> {
  const lacking = await namesLacking(target, root, names);
  const isThere = lacking.length === 0 && (names.length > 0 || (await holds(target, root.stored)));
  const isRegistry = target.origin !== undefined;
  const children = nodesOf(root).filter((node) => node !== root);
  // A registry wants to know what a signature is for. An archive shows nothing before its end.
  const subject = referrers.length > 0 && isRegistry ? [root] : [];
  const referring = referrers.flatMap(nodesOf);
  let written = await putAll(target, [...children, ...subject], isThere);
  written += await putAll(target, referring, isRegistry);
  if (isThere) return written > 0;
  await target.putManifest(root.stored, lacking, root.manifest);
  return true;
}

/** Stores manifests without a name, and returns how many. `ask`: those that are there are left as they are. */
async function putAll(target: ImageTarget, nodes: readonly ImageNode[], ask: boolean): Promise<number> {
  let written = 0;
  for (const { stored, manifest } of nodes) {
    if (ask && (await holds(target, stored))) continue;
    await target.putManifest(stored, [], manifest);
    written += 1;
  }
  return written;
}

async function holds(target: ImageTarget, { digest }: StoredManifest): Promise<boolean> {
  return (await target.readManifest(digest.text)) !== undefined;
}

/** Returns the names under which the target has something else, or nothing. */
async function namesLacking(
  target: ImageTarget,
  { stored }: ImageNode,
  names: readonly string[],
): Promise<readonly string[]> {
  const lacking: string[] = [];
  for (const name of names) {
    const there = await target.readManifest(name);
    if (there?.digest.text !== stored.digest.text) lacking.push(name);
  }
  return lacking;
}
