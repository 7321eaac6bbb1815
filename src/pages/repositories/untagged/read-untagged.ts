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
  /** Bytes of what nothing keeps, each blob once, less what tags of the repository need. */
  readonly freed: number;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

interface Read extends UntaggedManifest {
  /** Undefined if it can't be read. */
  readonly manifest: Manifest | undefined;
  /** Itself, its config and its layers. */
  readonly blobs: readonly Blob[];
}

interface ReadOptions {
  readonly repository: string;
  readonly source: Pick<ImageSource, 'readManifest'>;
  readonly inventory: Pick<OneRepository, 'layerShares' | 'needing'>;
  /** Those of one page. */
  readonly listed: readonly UntaggedManifest[];
}

/** Reads manifests, and finds what keeps each. Those that the registry does not have any more are left out. */
export async function readUntagged({
  repository,
  source,
  inventory,
  listed,
}: ReadOptions): Promise<UntaggedPage> {
  const read = await readAll(source, listed);
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
    const { digest, since, manifest } = it;
    const size = it.blobs.reduce((sum, blob) => sum + blob.size, 0);
    return { digest, since, kind: kindOf(manifest), size, keptBy: keptByOf(it, { needing, indexes }) };
  });
  const isKept = new Set(rows.filter(({ keptBy }) => keptBy !== undefined).map(({ digest }) => digest));
  return { rows, freed: freedOf(read, isKept, shares) };
}

async function readAll(
  source: ReadOptions['source'],
  listed: readonly UntaggedManifest[],
): Promise<readonly Read[]> {
  const found = new Map<string, Read>();
  await concurrentForEach(listed, async (it) => {
    const stored = await source.readManifest(it.digest);
    if (stored === undefined) return;
    const manifest = tryParse(stored);
    const own = { digest: it.digest, size: stored.bytes.length };
    found.set(it.digest, { ...it, manifest, blobs: [own, ...blobsOf(manifest)] });
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
  for (const { digest, manifest } of read)
    if (manifest?.kind === 'index')
      for (const child of manifest.manifests) indexes.set(child.digest.text, digest);
  return indexes;
}

interface Keepers {
  readonly needing: ReadonlyMap<string, string>;
  readonly indexes: ReadonlyMap<string, string>;
}

function keptByOf({ digest, manifest }: Read, { needing, indexes }: Keepers): KeptBy | undefined {
  const tag = needing.get(digest);
  if (tag !== undefined) return { by: 'tag', tag };
  const index = indexes.get(digest);
  if (index !== undefined) return { by: 'index', digest: index };
  const subject = manifest?.subject?.digest.text;
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
