import { arch } from 'node:os';
import {
  parseManifest,
  type ImageManifest,
  type Manifest,
  type StoredManifest,
} from '../../images/model/manifest.ts';
import { isStored } from '../../images/model/media-types.ts';
import { parsePlatform } from '../../images/model/platform.ts';
import type { ImageSource } from '../../images/store.ts';
import { summarizeTag, type TagSummary } from '../../images/view/summarize-tag.ts';
import { AppError } from '../../lib/errors.ts';
import type { Content, SizedBlob } from '../write/manifests.ts';

/** The most children of an index that are read, the most blobs that are counted for one tag, and how deep indexes lie in indexes. */
const MOST_CHILDREN = 256;
const MOST_BLOBS = 4096;
const MOST_DEPTH = 4;
const MOST_PLATFORMS = 32;
const LONGEST_TEXT = 256;

/** The image of this platform stands for an index of several. */
const USUAL = { usual: parsePlatform(arch()) };

/** What is said of one manifest alone. */
const OF_ONE_IMAGE: readonly string[] = ['IMAGE_UNKNOWN', 'IMAGE_INVALID', 'BLOB_MISSING', 'DIGEST_MISMATCH'];

/**
 * Reads a manifest, its config and all that it lists. A manifest that is gone or can't be read has a problem, and no
 * blobs. `root`: the manifest, if it has been read. Throws AppError if the registry does not answer.
 */
export async function readContent(
  source: ImageSource,
  digest: string,
  root?: StoredManifest,
): Promise<Content> {
  const memory = remembering(source, digest, root);
  const summary = await summarizeTag(memory, digest, USUAL);
  const blobs = summary.problem === undefined ? await readBlobs(memory, digest) : [];
  return contentOf(digest, summary, blobs);
}

function contentOf(digest: string, summary: TagSummary, blobs: readonly SizedBlob[]): Content {
  const { mediaType, artifactType, platforms, size, created, problem } = summary;
  const moment = created === undefined ? NaN : Date.parse(created);
  return {
    digest,
    mediaType: short(mediaType),
    artifactType: short(artifactType),
    platforms: platforms.slice(0, MOST_PLATFORMS).map((platform) => platform.slice(0, LONGEST_TEXT)),
    size,
    created: Number.isNaN(moment) ? undefined : moment,
    problem: short(problem),
    blobs,
  };
}

function short(text: string | undefined): string | undefined {
  return text?.slice(0, LONGEST_TEXT);
}

/** The first manifests of an image are read once, though several look at them. */
function remembering(source: ImageSource, digest: string, root: StoredManifest | undefined): ImageSource {
  const read = new Map<string, Promise<StoredManifest | undefined>>();
  if (root !== undefined) read.set(digest, Promise.resolve(root));
  return {
    ...source,
    readManifest: (reference) => {
      const known = read.get(reference);
      if (known !== undefined) return known;
      const reading = source.readManifest(reference);
      if (read.size <= MOST_DEPTH) read.set(reference, reading);
      return reading;
    },
  };
}

async function readBlobs(source: ImageSource, root: string): Promise<readonly SizedBlob[]> {
  const blobs = new Map<string, SizedBlob>();
  const seen = new Set<string>();
  let level: readonly string[] = [root];
  for (let depth = 0; depth < MOST_DEPTH && level.length > 0; depth += 1) {
    const below: string[] = [];
    for (const digest of level) {
      if (seen.has(digest) || seen.size > MOST_CHILDREN || blobs.size >= MOST_BLOBS) continue;
      seen.add(digest);
      const stored = await source.readManifest(digest);
      // A child may be left out of a copy of an index.
      if (stored === undefined) continue;
      add(blobs, { digest, size: stored.bytes.length });
      below.push(...addParts(blobs, manifestOf(stored)));
    }
    level = below;
  }
  return [...blobs.values()];
}

/** Returns the digests of the children. */
function addParts(blobs: Map<string, SizedBlob>, manifest: Manifest | undefined): readonly string[] {
  if (manifest === undefined) return [];
  if (manifest.kind === 'index') return manifest.manifests.map(({ digest }) => digest.text);
  for (const blob of partsOf(manifest)) add(blobs, blob);
  return [];
}

function partsOf({ config, layers }: ImageManifest): readonly SizedBlob[] {
  return [config, ...layers].filter(isStored).map(({ digest, size }) => ({ digest: digest.text, size }));
}

/** A child that is no image for us counts with its own bytes. */
function manifestOf(stored: StoredManifest): Manifest | undefined {
  try {
    return parseManifest(stored);
  } catch (error) {
    if (error instanceof AppError && OF_ONE_IMAGE.includes(error.code)) return undefined;
    throw error;
  }
}

function add(blobs: Map<string, SizedBlob>, blob: SizedBlob): void {
  if (blobs.size < MOST_BLOBS && !blobs.has(blob.digest)) blobs.set(blob.digest, blob);
}
