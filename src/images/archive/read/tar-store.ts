import type { FileHandle } from 'node:fs/promises';
import { readFully } from '../../tar/file-window.ts';
import { invalidArchive, quoted } from '../../tar/invalid-archive.ts';
import { walkTar, type TarEntry } from '../../tar/walk-tar.ts';
import { cleanName, followLink } from './entry-name.ts';
import { readRange, type FileStore, type StoredFile } from './file-store.ts';

/** Links that lead to links: no program writes more than one. */
const MOST_LINKS = 8;

type Place =
  | { readonly kind: 'file'; readonly offset: number; readonly size: number }
  | { readonly kind: 'link'; readonly to: string };

/**
 * Opens a tar in a file, which is closed with it, and if it can't be opened. Of two entries of one name the last counts, as for docker, which
 * extracts them one over the other. Names and links that lead out of the archive, and sizes beyond its end, are refused.
 * Throws AppError ARCHIVE_INVALID.
 */
export async function openTar(file: FileHandle, label: string): Promise<FileStore> {
  const places = await readPlaces(file, label).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  return {
    label,
    find: async (name) => {
      const place = resolve(places, name, label);
      return place === undefined ? undefined : fileAt(file, place);
    },
    close: () => file.close(),
  };
}

async function readPlaces(file: FileHandle, label: string): Promise<ReadonlyMap<string, Place>> {
  const places = new Map<string, Place>();
  for await (const entry of walkTar(file, label)) {
    const name = cleanName(entry.name);
    if (name === undefined)
      throw invalidArchive(label, `the name ${quoted(entry.name)} leads out of the archive`);
    const place = placeOf(entry, name, label);
    if (place === undefined) places.delete(name);
    else places.set(name, place);
  }
  return places;
}

function placeOf(entry: TarEntry, name: string, label: string): Place | undefined {
  if (entry.kind === 'file') return { kind: 'file', offset: entry.offset, size: entry.size };
  if (entry.kind !== 'symbolic link' && entry.kind !== 'hard link') return undefined;
  const to = entry.kind === 'hard link' ? cleanName(entry.link) : followLink(name, entry.link);
  if (to === undefined)
    throw invalidArchive(
      label,
      `the link ${quoted(entry.name)} leads out of the archive, to ${quoted(entry.link)}`,
    );
  return { kind: 'link', to };
}

function resolve(
  places: ReadonlyMap<string, Place>,
  name: string,
  label: string,
): Extract<Place, { kind: 'file' }> | undefined {
  let place = places.get(name);
  for (let links = 0; place?.kind === 'link'; links += 1) {
    if (links === MOST_LINKS) throw invalidArchive(label, `the link ${quoted(name)} leads in a circle`);
    place = places.get(place.to);
  }
  return place;
}

function fileAt(
  file: FileHandle,
  { offset, size }: { readonly offset: number; readonly size: number },
): StoredFile {
  return {
    size,
    read: (from, { to = size, signal } = {}) =>
      readRange(file, { from: offset + from, to: offset + Math.min(to, size) }, signal),
    readWhole: () => readFully(file, Buffer.allocUnsafeSlow(size), offset),
  };
}
