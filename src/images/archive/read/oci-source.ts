import { parseDigest } from '../../../oci/digest.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { isIndexType, OCI_INDEX } from '../../model/media-types.ts';
import { parseManifest, storeManifest, type ImageIndex } from '../../model/manifest.ts';
import type { ListedImage } from '../../store.ts';
import { invalidArchive } from '../../tar/invalid-archive.ts';
import { namesOf, namesReferrer, pickByName } from '../layout/names.ts';
import type { ArchiveSource } from './archive-source.ts';
import { blobPath } from '../layout/layout-files.ts';
import { missingBlob, readBlobFile, readManifestBlob, readWholeBlob } from './blobs.ts';
import { readWhole, type FileStore } from './file-store.ts';
import { readEntry, readReferrers } from './referrers.ts';

/** The largest index.json that is read, in bytes: some 50,000 names. */
const MOST_INDEX_BYTES = 16 * 1024 * 1024;
/** An index in an index in an index: more levels nobody writes. */
const MOST_LEVELS = 4;
/** Entries that are looked at in all levels. */
const MOST_ENTRIES = 100_000;

/** Reads the index of an image layout. Undefined if there is none, or none that is valid. Throws AppError ARCHIVE_INVALID if it is too large. */
export async function readLayoutIndex(store: FileStore): Promise<ImageIndex | undefined> {
  const file = await store.find('index.json');
  if (file === undefined) return undefined;
  const bytes = await readWhole(file, MOST_INDEX_BYTES);
  if (bytes === undefined)
    throw invalidArchive(store.label, `its index.json has more than ${MOST_INDEX_BYTES} bytes`);
  try {
    const index = parseManifest(storeManifest(bytes, OCI_INDEX));
    return index.kind === 'index' ? index : undefined;
  } catch {
    return undefined;
  }
}

/** Reads an image layout (image-spec: "Image Layout"). */
export function openLayout(store: FileStore, entries: readonly Descriptor[]): ArchiveSource {
  const { label } = store;
  // Of each digest the first entry counts, of each name the last.
  const byDigest = new Map(entries.toReversed().map((entry) => [entry.digest.text, entry]));
  const byName = new Map(entries.flatMap((entry) => namesOf(entry).map((name) => [name, entry] as const)));
  return {
    label,
    origin: undefined,
    readManifest: async (reference) => {
      const digest = parseDigest(reference);
      const entry =
        digest === undefined
          ? (byName.get(reference) ?? (await findByName(store, entries, reference)))
          : (byDigest.get(digest.text) ?? { digest, mediaType: '' });
      return entry === undefined ? undefined : readManifestBlob(store, entry.digest, entry.mediaType);
    },
    readBlob: async function* readBlob(blob, options) {
      const file = await store.find(blobPath(blob.digest));
      if (file === undefined) throw missingBlob(blob, label);
      yield* readBlobFile(file, blob, label, options);
    },
    readWhole: async (blob) => {
      const file = await store.find(blobPath(blob.digest));
      if (file === undefined) throw missingBlob(blob, label);
      return readWholeBlob(file, blob, label);
    },
    listTags: async function* listTags() {
      for await (const { names, manifest } of listImages(store, entries))
        yield* names.length > 0 ? names : [manifest.digest.text];
    },
    listImages: () => listImages(store, entries),
    listReferrers: (subject) => readReferrers(store, entries, subject),
    close: () => store.close(),
  };
}

/** Looks among the entries, and if it is not there, in the indexes that they name. */
async function findByName(
  store: FileStore,
  entries: readonly Descriptor[],
  name: string,
): Promise<Descriptor | undefined> {
  let level = entries;
  for (let levels = 0, seen = 0; levels < MOST_LEVELS && seen < MOST_ENTRIES; levels += 1) {
    const found = pickByName(level, name, namesOf);
    if (found !== undefined) return found;
    seen += level.length;
    level = await childrenOf(store, level);
  }
  return undefined;
}

async function childrenOf(store: FileStore, entries: readonly Descriptor[]): Promise<Descriptor[]> {
  const children: Descriptor[] = [];
  for (const entry of uniqueOf(entries).filter(({ mediaType }) => isIndexType(mediaType))) {
    const manifest = await readEntry(store, entry);
    if (manifest?.kind === 'index') children.push(...manifest.manifests);
    if (children.length > MOST_ENTRIES) break;
  }
  return children;
}

function uniqueOf(entries: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(entries.map((entry) => [entry.digest.text, entry])).values()];
}

/** Entries of one digest are one image with several names: some programs repeat them, `crane pull` even without a name. */
async function* listImages(store: FileStore, entries: readonly Descriptor[]): AsyncIterable<ListedImage> {
  const names = new Map<string, Set<string>>();
  for (const entry of entries) {
    const known = names.get(entry.digest.text) ?? new Set();
    for (const name of namesOf(entry)) known.add(name);
    names.set(entry.digest.text, known);
  }
  for (const manifest of uniqueOf(entries)) {
    const own = [...(names.get(manifest.digest.text) ?? [])];
    if (
      own.length > 0 ? !own.every(namesReferrer) : (await readEntry(store, manifest))?.subject === undefined
    )
      yield { names: own, manifest };
  }
}
