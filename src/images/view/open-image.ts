import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '../../lib/errors.ts';
import { JoinedBytes } from '../../lib/streams/joined-bytes.ts';
import { MOST_CONFIG_BYTES, parseConfigInParts, type ImageConfig } from '../model/config.ts';
import { invalidImage, type Descriptor } from '../model/descriptor.ts';
import {
  parseManifest,
  type ImageIndex,
  type ImageManifest,
  type StoredManifest,
} from '../model/manifest.ts';
import { isContainerConfig, isIndexType } from '../model/media-types.ts';
import { isUnknownPlatform, matchesPlatform, renderPlatform, type Platform } from '../model/platform.ts';
import type { ImageSource } from '../store.ts';

/** How deep indexes may lie in indexes. */
const MOST_DEPTH = 4;

/** What was asked for, and the image of one platform in it. */
export interface OpenedImage {
  /** What the name stands for: an index, or the same as `manifest`. */
  readonly root: StoredManifest;
  /** The index in `root`. Undefined if it is an image of one platform. */
  readonly index: ImageIndex | undefined;
  readonly stored: StoredManifest;
  readonly manifest: ImageManifest;
}

export interface PlatformChoice {
  /** An image of another platform is refused. Undefined: `usual`, or else the first image of an index. */
  readonly asked?: Platform | undefined;
  /** The platform of this machine. */
  readonly usual: Platform;
}

/**
 * Reads a manifest by tag, digest or name, and the manifest of one platform if it is an index. Throws AppError
 * IMAGE_UNKNOWN if there is none, or none for this platform, and IMAGE_INVALID.
 */
export async function openImage(
  source: ImageSource,
  reference: string,
  choice: PlatformChoice,
): Promise<OpenedImage> {
  const root = await readManifest(source, reference);
  const opened = await descend(source, root, choice);
  return { root, ...opened };
}

/** Reads a manifest. Throws AppError IMAGE_UNKNOWN if there is none. */
export async function readManifest(source: ImageSource, reference: string): Promise<StoredManifest> {
  const stored = await source.readManifest(reference);
  if (stored !== undefined) {
    await restIfLarge(stored.bytes);
    return stored;
  }
  throw new AppError('IMAGE_UNKNOWN', {
    message: `There is no image ${JSON.stringify(reference)} in ${source.label}.`,
    hint: `See what there is: registry-gate images tags ${source.label}`,
  });
}

async function descend(
  source: ImageSource,
  root: StoredManifest,
  choice: PlatformChoice,
): Promise<Omit<OpenedImage, 'root'>> {
  let stored = root;
  let index: ImageIndex | undefined;
  for (let depth = 0; depth < MOST_DEPTH; depth += 1) {
    const manifest = parseManifest(stored);
    if (manifest.kind === 'image') return { index, stored, manifest };
    index ??= manifest;
    const child = chooseEntry(manifest.manifests, choice);
    if (child === undefined) throw noPlatform(source, manifest, choice.asked);
    stored = await readManifest(source, child.digest.text);
  }
  throw invalidImage(`its indexes lie in each other more than ${MOST_DEPTH} deep`);
}

/** Chooses an entry of an index: that of the platform, or any if none was asked for. Attestations are never chosen. */
function chooseEntry(
  entries: readonly Descriptor[],
  { asked, usual }: PlatformChoice,
): Descriptor | undefined {
  const images = entries.filter(({ platform }) => platform === undefined || !isUnknownPlatform(platform));
  const find = (wanted: Platform): Descriptor | undefined =>
    images.find(({ platform }) => platform !== undefined && matchesPlatform(wanted, platform)) ??
    images.find(({ platform, mediaType }) => platform === undefined && isIndexType(mediaType));
  if (asked !== undefined)
    return find(asked) ?? (images.length === 1 ? withoutPlatform(images[0]) : undefined);
  return find(usual) ?? images[0] ?? entries[0];
}

/** An index that states no platform for its only entry. */
function withoutPlatform(entry: Descriptor | undefined): Descriptor | undefined {
  return entry?.platform === undefined ? entry : undefined;
}

/** Lists the platforms of an index, attestations left out. */
export function platformsOf({ manifests }: ImageIndex): readonly string[] {
  const all = manifests.flatMap(({ platform }) =>
    platform === undefined || isUnknownPlatform(platform) ? [] : [renderPlatform(platform)],
  );
  return [...new Set(all)];
}

function noPlatform(source: ImageSource, index: ImageIndex, asked: Platform | undefined): AppError {
  const wanted = asked === undefined ? 'images' : `image for ${renderPlatform(asked)}`;
  const there = platformsOf(index).join(', ');
  return new AppError('IMAGE_UNKNOWN', {
    message: `${source.label} has no ${wanted} under this name.`,
    hint: there === '' ? 'See what it holds: registry-gate images inspect --raw IMAGE' : `It has: ${there}`,
  });
}

/** Reads the config of a container image. Undefined for an artifact, whose config is something else. */
export async function readConfig(
  source: ImageSource,
  { config }: ImageManifest,
  signal?: AbortSignal,
): Promise<ImageConfig | undefined> {
  if (!isContainerConfig(config.mediaType)) return undefined;
  const bytes = await readSmallBlob(source, config, signal);
  await restIfLarge(bytes);
  const parts = parseConfigInParts(bytes);
  for (let part = parts.next(); ; part = parts.next()) {
    await restIfLarge(bytes);
    if (part.done === true) return part.value;
  }
}

/** What is made of less than this takes a few milliseconds at most. */
const LARGE_BYTES = 128 * 1024;

/** Lets others have their turn of the event loop between two halves of work on something large. */
async function restIfLarge({ length }: Uint8Array): Promise<void> {
  if (length > LARGE_BYTES) await turn();
}

/** Reads a blob of at most `MOST_CONFIG_BYTES` into memory. Throws AppError IMAGE_INVALID if it is larger. */
export async function readSmallBlob(
  source: ImageSource,
  blob: Descriptor,
  signal?: AbortSignal,
): Promise<Buffer> {
  const tooLarge = (): AppError => invalidImage(`its config is larger than ${MOST_CONFIG_BYTES} bytes`);
  if (blob.size > MOST_CONFIG_BYTES) throw tooLarge();
  const bytes = new JoinedBytes();
  for await (const piece of source.readBlob(blob, signal === undefined ? {} : { signal })) {
    if (bytes.length + piece.length > MOST_CONFIG_BYTES) throw tooLarge();
    bytes.add(piece);
  }
  return bytes.join();
}
