import { parseManifest, storeManifest, type Manifest, type StoredManifest } from '../../model/manifest.ts';
import { makeDescriptor, type Descriptor } from '../../model/descriptor.ts';
import type { JsonObject } from '../../model/json.ts';

/** A manifest of an image that is copied, with the manifests below it. */
export interface ImageNode {
  readonly stored: StoredManifest;
  readonly manifest: Manifest;
  /** The entries of an index. Empty for any other manifest. */
  readonly entries: readonly IndexEntry[];
}

export interface IndexEntry {
  /** As it stands in the index. */
  readonly descriptor: Descriptor;
  readonly node: ImageNode;
}

/** Makes a node of a manifest and what is below it. Throws AppError IMAGE_INVALID. */
export function makeNode(stored: StoredManifest, entries: readonly IndexEntry[] = []): ImageNode {
  return { stored, manifest: parseManifest(stored), entries };
}

/** Makes a node of a manifest that is written anew. */
export function nodeOfJson(
  json: JsonObject,
  mediaType: string,
  entries: readonly IndexEntry[] = [],
): ImageNode {
  return makeNode(storeManifest(Buffer.from(JSON.stringify(json)), mediaType), entries);
}

/** Returns an index with these entries in place of its own, which keeps everything else that it says. */
export function withEntries(index: ImageNode, entries: readonly IndexEntry[], mediaType: string): ImageNode {
  const manifests = entries.map(({ descriptor }) => descriptor.json);
  return nodeOfJson({ ...index.manifest.json, mediaType, manifests }, mediaType, entries);
}

/** Returns an entry for a node that took the place of the one that the descriptor names. */
export function entryFor(descriptor: Descriptor, node: ImageNode): IndexEntry {
  const { mediaType, digest, bytes } = node.stored;
  if (digest.text === descriptor.digest.text) return { descriptor, node };
  return { descriptor: makeDescriptor({ mediaType, digest, size: bytes.length }, descriptor.json), node };
}

/** Lists a node and all below it, those below first, each digest once. */
export function nodesOf(root: ImageNode): readonly ImageNode[] {
  const found = new Map<string, ImageNode>();
  const visit = (node: ImageNode): void => {
    if (found.has(node.stored.digest.text)) return;
    for (const entry of node.entries) visit(entry.node);
    found.set(node.stored.digest.text, node);
  };
  visit(root);
  return [...found.values()];
}
