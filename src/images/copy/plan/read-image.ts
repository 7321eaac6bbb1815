import { AppError } from '../../../lib/errors.ts';
import { invalidImage, type Descriptor } from '../../model/descriptor.ts';
import type { StoredManifest } from '../../model/manifest.ts';
import { isUnknownPlatform, renderPlatform, type Platform } from '../../model/platform.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { entryFor, makeNode, withEntries, type ImageNode, type IndexEntry } from './node.ts';
import { matches, mayMatch, withoutOrphans } from './platform-filter.ts';
import { isWhole } from './read-blob.ts';

/** How deep indexes may lie in indexes. */
const MOST_DEPTH = 4;
/** How many manifests are asked for at once. */
const AT_ONCE = 8;

interface ReadImage {
  readonly root: ImageNode;
  /** What is left out because an archive does not hold it, as it is named in the index. */
  readonly missing: readonly string[];
}

interface Reading {
  readonly reader: ManifestReader;
  /** Undefined for all. */
  readonly platforms: readonly Platform[] | undefined;
  readonly missing: string[];
}

/**
 * Reads a manifest with all that is below it, or with the images of some platforms and their attestations. What an
 * archive leaves out of an index is left out here too: engines with the containerd store save the whole index, and the
 * layers of one platform. Throws AppError IMAGE_INVALID, and BLOB_MISSING if a registry lacks what its index names.
 */
export async function readImage(
  reader: ManifestReader,
  stored: StoredManifest,
  platforms?: readonly Platform[],
): Promise<ReadImage> {
  const missing: string[] = [];
  const root = await readNode({ reader, platforms, missing }, stored, 0);
  return { root, missing };
}

async function readNode(reading: Reading, stored: StoredManifest, depth: number): Promise<ImageNode> {
  const node = makeNode(stored);
  if (node.manifest.kind === 'image') return node;
  if (depth >= MOST_DEPTH) throw invalidImage(`its indexes lie in each other more than ${MOST_DEPTH} deep`);
  const { manifests } = node.manifest;
  const wanted = reading.platforms === undefined ? manifests : mayMatch(reading.platforms, manifests);
  const found: IndexEntry[] = [];
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const some = wanted.slice(at, at + AT_ONCE).map((child) => readEntry(reading, child, depth + 1));
    for (const entry of await Promise.all(some)) if (entry !== undefined) found.push(entry);
  }
  const entries = found.length === manifests.length ? found : withoutOrphans(found);
  const isSame =
    entries.length === manifests.length &&
    entries.every(({ descriptor }, at) => descriptor.digest.text === manifests[at]?.digest.text);
  return isSame ? { ...node, entries } : withEntries(node, entries, stored.mediaType);
}

/** Returns undefined if the entry is not wanted, or the archive does not hold it. */
async function readEntry(
  reading: Reading,
  descriptor: Descriptor,
  depth: number,
): Promise<IndexEntry | undefined> {
  const { reader, platforms, missing } = reading;
  const stored = await reader.read(descriptor.digest.text);
  const isArchive = reader.source.origin === undefined;
  if (stored === undefined && !isArchive) throw missingManifest(reader, descriptor);
  const node = stored === undefined ? undefined : await readNode(reading, stored, depth);
  if (node === undefined || (isArchive && !(await isWhole(reader.source, node.manifest)))) {
    missing.push(nameOf(descriptor));
    return undefined;
  }
  const entry = entryFor(descriptor, node);
  return platforms === undefined || (await matches(platforms, entry, reader.source)) ? entry : undefined;
}

function nameOf({ platform, digest }: Descriptor): string {
  return platform === undefined || isUnknownPlatform(platform) ? digest.text : renderPlatform(platform);
}

function missingManifest({ source }: ManifestReader, { digest }: Descriptor): AppError {
  return new AppError('BLOB_MISSING', {
    message: `${source.label} does not have the manifest ${digest.text}, which its index names.`,
    hint: 'Push the image again, or name a platform that is whole: registry-gate images copy --platform linux/amd64 SOURCE TARGET',
  });
}
