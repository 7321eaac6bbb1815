import { AppError } from '../../lib/errors.ts';
import { ownText } from '../../lib/own-text.ts';
import type { ImageConfig } from '../model/config.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { ImageSource } from '../store.ts';
import { renderPlatform } from '../model/platform.ts';
import { openImage, platformsOf, readConfig, type OpenedImage, type PlatformChoice } from './open-image.ts';
import { pullSize } from './sizes.ts';

/** A tag with what stands behind it. */
export interface TagSummary {
  readonly tag: string;
  /** Of the index, if there is one. Undefined if it could not be read. */
  readonly digest: string | undefined;
  readonly mediaType: string | undefined;
  /** What it is, if it is no container image. */
  readonly artifactType: string | undefined;
  /** Bytes that a pull of one platform fetches: each layer once, and the config. */
  readonly size: number | undefined;
  readonly platforms: readonly string[];
  /** RFC 3339. */
  readonly created: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Why nothing is known of it: a manifest that is gone or can't be read. */
  readonly problem: string | undefined;
}

/** What is said of one tag alone, and must not end the list. */
const OF_ONE_TAG = ['IMAGE_UNKNOWN', 'IMAGE_INVALID', 'BLOB_MISSING', 'DIGEST_MISMATCH'];

/** Reads what stands behind a tag. It asks for up to three things: an index, a manifest, a config. */
export async function summarizeTag(
  source: ImageSource,
  tag: string,
  choice: PlatformChoice,
): Promise<TagSummary> {
  try {
    const opened = await openImage(source, tag, choice);
    return { tag, ...summaryOf(opened, await readConfig(source, opened.manifest)) };
  } catch (error) {
    if (!(error instanceof AppError) || !OF_ONE_TAG.includes(error.code)) throw error;
    return { ...NOTHING, tag, problem: error.message };
  }
}

function summaryOf(
  { root, index, manifest }: OpenedImage,
  config: ImageConfig | undefined,
): Omit<TagSummary, 'tag'> {
  const created = config?.created ?? manifest.annotations['org.opencontainers.image.created'] ?? '';
  return {
    digest: root.digest.text,
    mediaType: root.mediaType,
    artifactType: config === undefined ? artifactTypeOf(manifest) : undefined,
    size: pullSize(manifest),
    platforms: index === undefined ? ownPlatform(config) : platformsOf(index),
    created: created === '' ? undefined : ownText(created),
    labels: config?.run?.labels ?? {},
    problem: undefined,
  };
}

function artifactTypeOf({ artifactType, config }: ImageManifest): string {
  return artifactType ?? config.mediaType;
}

function ownPlatform(config: ImageConfig | undefined): readonly string[] {
  return config === undefined || config.platform.os === '' ? [] : [renderPlatform(config.platform)];
}

const NOTHING: Omit<TagSummary, 'tag'> = {
  digest: undefined,
  mediaType: undefined,
  artifactType: undefined,
  size: undefined,
  platforms: [],
  created: undefined,
  labels: {},
  problem: undefined,
};
