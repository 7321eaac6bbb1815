import { arch } from 'node:os';
import { AppError } from '../../../lib/errors.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { ImageConfig } from '../../../images/model/config.ts';
import type { ImageManifest } from '../../../images/model/manifest.ts';
import { parsePlatform, type Platform } from '../../../images/model/platform.ts';
import { isUnknownPlatform, renderPlatform } from '../../../images/model/platform.ts';
import type { ImageSource } from '../../../images/store.ts';
import { openImage, readConfig, type OpenedImage } from '../../../images/view/open-image.ts';
import { platformImages, type PlatformImage } from '../../../images/view/platform-images.ts';
import { kindOf } from '../../../images/view/referrers.ts';
import { readReferrerTrees, type ReferrerTree } from '../../../images/view/referrer-tree.ts';
import { PageError } from '../../request/page-error.ts';

/** An image of one platform, as pages show it. */
export interface SeenImage {
  readonly opened: OpenedImage;
  /** Undefined for an artifact. */
  readonly config: ImageConfig | undefined;
  /** The images of the index. Empty if it is none. */
  readonly platforms: readonly PlatformImage[];
  /** That which is shown: `linux/amd64`. Undefined for an artifact. */
  readonly platform: string | undefined;
}

/** All that the page of an image shows. */
export interface Overview extends SeenImage {
  readonly trees: readonly ReferrerTree[];
}

/**
 * Opens an image of one platform. `platform` is that of the address, empty for the usual one. Throws PageError bad-input
 * for what is no platform, and AppError as `openImage`.
 */
export async function seeImage(source: ImageSource, reference: string, platform: string): Promise<SeenImage> {
  const asked = platform === '' ? undefined : readPlatform(platform);
  const opened = await openImage(source, reference, { asked, usual: parsePlatform(arch()) });
  const config = isArtifact(opened.manifest) ? undefined : await readConfig(source, opened.manifest);
  const platforms = opened.index === undefined ? [] : platformImages(opened.index);
  return { opened, config, platforms, platform: platformOf(opened, config, platforms) };
}

/** Signatures of cosign and attestations of BuildKit have the config of an image, and nothing that a container could run. */
function isArtifact({ layers }: ImageManifest): boolean {
  return layers.length > 0 && layers.every(({ mediaType }) => kindOf(mediaType) !== 'other');
}

function readPlatform(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    if (error instanceof AppError) throw new PageError('bad-input', undefined, { cause: error });
    throw error;
  }
}

function platformOf(
  { stored }: OpenedImage,
  config: ImageConfig | undefined,
  platforms: readonly PlatformImage[],
): string | undefined {
  const own = platforms.find(({ entry }) => entry.digest.text === stored.digest.text)?.platform ?? '';
  if (own !== '') return own;
  if (config === undefined || config.platform.os === '' || isUnknownPlatform(config.platform))
    return undefined;
  return renderPlatform(config.platform);
}

/** As many platforms as are asked for what refers to them. */
const MOST_PLATFORMS = 16;

/** Reads all that the page of an image shows. */
export async function readOverview(
  source: ImageSource,
  reference: string,
  platform: string,
): Promise<Overview> {
  const seen = await seeImage(source, reference, platform);
  return { ...seen, trees: await readReferrerTrees(source, subjectsOf(seen)) };
}

/** The index, the platform that is shown, and the other ones. */
function subjectsOf({ opened: { root, stored }, platforms }: SeenImage): readonly Digest[] {
  const all = [
    root.digest,
    stored.digest,
    ...platforms.slice(0, MOST_PLATFORMS).map(({ entry }) => entry.digest),
  ];
  return [...new Map(all.map((digest) => [digest.text, digest])).values()];
}
