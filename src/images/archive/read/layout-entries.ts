import { makeDescriptor, type Descriptor } from '../../model/descriptor.ts';
import { blobPath } from '../layout/layout-files.ts';
import { FULL_NAME, namesOf } from '../layout/names.ts';
import { readDockerEntries } from './docker-source.ts';
import type { FileStore } from './file-store.ts';
import { readEntry } from './referrers.ts';

/** Whether one of the manifests that a layout lists is in it. */
export async function holdsManifest(store: FileStore, entries: readonly Descriptor[]): Promise<boolean> {
  for (const { digest } of entries) if ((await store.find(blobPath(digest))) !== undefined) return true;
  return false;
}

/** Gives entries without a name those that a manifest.json beside has for the same config, as some programs write it. */
export async function withRepoTags(
  store: FileStore,
  entries: readonly Descriptor[],
): Promise<readonly Descriptor[]> {
  if (entries.every((entry) => namesOf(entry).length > 0)) return entries;
  const images = (await readDockerEntries(store)) ?? [];
  if (images.every(({ names }) => names.length === 0)) return entries;
  const named = await Promise.all(
    entries.map(async (entry) => {
      const manifest = namesOf(entry).length > 0 ? undefined : await readEntry(store, entry);
      if (manifest?.kind !== 'image') return [entry];
      const { hex } = manifest.config.digest;
      const names = images.filter(({ config }) => config.includes(hex)).flatMap((image) => image.names);
      return names.length === 0 ? [entry] : names.map((name) => withName(entry, name));
    }),
  );
  return named.flat();
}

function withName(entry: Descriptor, name: string): Descriptor {
  return makeDescriptor(entry, { ...entry.json, annotations: { ...entry.annotations, [FULL_NAME]: name } });
}
