import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import { AppError } from '../../../lib/errors.ts';
import { parseManifest, type Manifest } from '../../../images/model/manifest.ts';
import { isContainerConfig } from '../../../images/model/media-types.ts';
import type { ImageSource } from '../../../images/store.ts';
import type { UntaggedManifest } from '../../../inventory/inventory.ts';
import type { OneRepository } from '../../request/visible.ts';
import { artifactKind, type ArtifactKind } from '../tags/artifact-kind.ts';

/** What keeps a manifest without a tag. */
export type KeptBy =
  | { readonly by: 'tag'; readonly tag: string }
  | { readonly by: 'index' | 'subject'; readonly digest: string };

/** A manifest without a tag, as the registry has it. */
export interface UntaggedRow extends UntaggedManifest {
  readonly kind: ArtifactKind | 'index' | 'unreadable';
  /** Bytes of the manifest and of the blobs that it names. */
  readonly size: number;
  /** Undefined: nothing does. */
  readonly keptBy: KeptBy | undefined;
}

interface UntaggedPage {
  readonly rows: readonly UntaggedRow[];
  /** How many of those that were listed it holds; the next page begins there. */
  readonly taken: number;
  /** Bytes of what nothing keeps, each blob once, less what tags of the repository need. */
  readonly freed: number;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** What a page needs of a manifest: as a value, one of 4 MiB takes many times that. */
interface Read extends UntaggedManifest {
  readonly kind: UntaggedRow['kind'];
  readonly subject: string | undefined;
  /** What it lists, if it is an index. */
  readonly children: readonly string[];
  /** Itself, its config and its layers. */
  readonly blobs: readonly Blob[];
}

/** A page ends early, in whole batches, where its manifests take more bytes than usual ones do together. */
const MOST_BYTES = 4 * 1024 * 1024;
const BATCH = 5;

interface ReadOptions {
  readonly repository: string;
  readonly source: Pick<ImageSource, 'readManifest'>;
  readonly inventory: Pick<OneRepository, 'layerShares' | 'needing'>;
  /** Those of one page at most. */
  readonly listed: readonly UntaggedManifest[];
}

/** Reads manifests, and finds what keeps each. Those that the registry does not have any more are left out. */
export async function readUntagged({
  repository,
  source,
  inventory,
  listed,
}: ReadOptions): Promise<UntaggedPage> {
  const { read, taken } = await readAll(source, listed);
  const blobs = new Set(read.flatMap((it) => it.blobs.map(({ digest }) => digest)));
  const [needing, shares] = await Promise.all([
    inventory.needing(
      repository,
      read.map(({ digest }) => digest),
    ),
    inventory.layerShares(repository, [...blobs]),
  ]);
  const indexes = indexesOf(read);
  const rows = read.map((it): UntaggedRow => {
    const { digest, since, kind } = it;
    const size = it.blobs.reduce((sum, blob) => sum + blob.size, 0);
    return { digest, since, kind, size, keptBy: keptByOf(it, { needing, indexes }) };
  });
  const isKept = new Set(rows.filter(({ keptBy }) => keptBy !== undefined).map(({ digest }) => digest));
  return { rows, taken, freed: freedOf(read, isKept, shares) };
}

interface ReadPart {
  readonly read: readonly Read[];
  readonly taken: number;
}

async function readAll(
  source: ReadOptions['source'],
  listed: readonly UntaggedManifest[],
): Promise<ReadPart> {
  const read: Read[] = [];
  let taken = 0;
  let bytes = 0;
  while (taken < listed.length && bytes < MOST_BYTES) {
    const batch = await readBatch(source, listed.slice(taken, taken + BATCH));
    taken += Math.min(BATCH, listed.length - taken);
    bytes += batch.reduce((sum, { blobs }) => sum + (blobs[0]?.size ?? 0), 0);
    read.push(...batch);
  }
  return { read, taken };
}

async function readBatch(
  source: ReadOptions['source'],
  listed: readonly UntaggedManifest[],
): Promise<readonly Read[]> {
  const found = new Map<string, Read>();
  await concurrentForEach(listed, async (it) => {
    const stored = await source.readManifest(it.digest);
    if (stored === undefined) return;
    const manifest = tryParse(stored);
    const own = { digest: it.digest, size: stored.bytes.length };
    found.set(it.digest, {
      ...it,
      kind: kindOf(manifest),
      subject: manifest?.subject?.digest.text,
      children: manifest?.kind === 'index' ? manifest.manifests.map(({ digest }) => digest.text) : [],
      blobs: [own, ...blobsOf(manifest)],
    });
  });
  return listed.flatMap(({ digest }) => found.get(digest) ?? []);
}

function tryParse(stored: Parameters<typeof parseManifest>[0]): Manifest | undefined {
  try {
    return parseManifest(stored);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function blobsOf(manifest: Manifest | undefined): readonly Blob[] {
  if (manifest?.kind !== 'image') return [];
  return [manifest.config, ...manifest.layers].map(({ digest, size }) => ({ digest: digest.text, size }));
}

/** The indexes among these, by what they list. */
function indexesOf(read: readonly Read[]): ReadonlyMap<string, string> {
  const indexes = new Map<string, string>();
  for (const { digest, children } of read) for (const child of children) indexes.set(child, digest);
  return indexes;
}

interface Keepers {
  readonly needing: ReadonlyMap<string, string>;
  readonly indexes: ReadonlyMap<string, string>;
}

function keptByOf({ digest, subject }: Read, { needing, indexes }: Keepers): KeptBy | undefined {
  const tag = needing.get(digest);
  if (tag !== undefined) return { by: 'tag', tag };
  const index = indexes.get(digest);
  if (index !== undefined) return { by: 'index', digest: index };
  return subject === undefined ? undefined : { by: 'subject', digest: subject };
}

function kindOf(manifest: Manifest | undefined): UntaggedRow['kind'] {
  if (manifest === undefined) return 'unreadable';
  if (manifest.kind === 'index') return 'index';
  const { artifactType, config } = manifest;
  if (artifactType === undefined && isContainerConfig(config.mediaType)) return 'image';
  return artifactKind({ tag: '', artifactType: artifactType ?? config.mediaType });
}

function freedOf(
  read: readonly Read[],
  isKept: ReadonlySet<string>,
  shares: ReadonlyMap<string, number>,
): number {
  const kept = new Set<string>();
  const free = new Map<string, number>();
  for (const { digest, blobs } of read)
    for (const blob of blobs) {
      if (isKept.has(digest)) kept.add(blob.digest);
      else free.set(blob.digest, blob.size);
    }
  let bytes = 0;
  for (const [digest, size] of free) if (!kept.has(digest) && !shares.has(digest)) bytes += size;
  return bytes;
}
