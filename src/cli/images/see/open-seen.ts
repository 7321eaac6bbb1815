import { Option, type Command } from 'commander';
import type { ImageConfig } from '../../../images/model/config.ts';
import { hostPlatform } from '../../../images/model/host-platform.ts';
import {
  matchesPlatform,
  parsePlatform,
  renderPlatform,
  type Platform,
} from '../../../images/model/platform.ts';
import type { ImageName } from '../../../images/name/image-name.ts';
import type { ImageSource } from '../../../images/store.ts';
import { openImage, readConfig, type OpenedImage } from '../../../images/view/open-image.ts';
import { AppError } from '../../../lib/errors.ts';
import { parseDigest } from '../../../oci/digest.ts';
import type { Connections, OpenedSource } from '../connection/connections.ts';
import type { ConnectionOptions } from '../connection/connection-options.ts';

export interface SeeOptions extends ConnectionOptions {
  readonly platform?: Platform;
  readonly json?: true;
}

/** An image that a command shows. */
export interface Seen {
  readonly source: ImageSource;
  readonly opened: OpenedImage;
  /** Undefined for an artifact. */
  readonly config: ImageConfig | undefined;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
}

/** The most names of an archive that are looked at. */
const MOST_NAMES = 1000;

export function addPlatformOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--platform <OS/ARCH>',
      'The platform of an image that has several. Default: Linux on the processor here, or else the first.',
    ).argParser(parsePlatform),
  );
}

/** What to choose from images of several platforms. */
export function platformChoice({ platform: asked }: SeeOptions): {
  readonly asked: Platform | undefined;
  readonly usual: Platform;
} {
  return { asked, usual: hostPlatform() };
}

/** Opens what an argument names, for one platform. Throws AppError IMAGE_UNKNOWN, IMAGE_INVALID. */
export async function openSeen(connections: Connections, text: string, options: SeeOptions): Promise<Seen> {
  const choice = platformChoice(options);
  const place = await connections.source(text);
  const { source } = place;
  const opened = await openImage(source, await referenceOf(place, text), choice);
  const config = await readConfig(source, opened.manifest);
  if (config !== undefined) refuseOtherPlatform(config, choice.asked, text);
  return { source, opened, config, ...(await namesOf(place, opened)) };
}

/** The tag, digest or name; the only image of an archive if none is named. */
export async function referenceOf(
  { source, reference }: Pick<OpenedSource, 'source' | 'reference'>,
  text: string,
): Promise<string> {
  if (reference !== undefined) return reference;
  const names: string[] = [];
  const digests = new Set<string>();
  for await (const name of source.listTags()) {
    names.push(name);
    digests.add((await source.readManifest(name))?.digest.text ?? name);
    if (digests.size > 1 || names.length > MOST_NAMES) break;
  }
  const [first] = names;
  if (first === undefined) throw notOne(`${text} holds no image.`, 'Name another archive.');
  if (digests.size === 1) return first;
  throw notOne(
    `${text} holds several images.`,
    `See them: registry-gate images tags ${text}. Then name one after a colon: ${text}:NAME`,
  );
}

function notOne(message: string, hint: string): AppError {
  return new AppError('IMAGE_UNKNOWN', { message, hint });
}

function refuseOtherPlatform({ platform }: ImageConfig, asked: Platform | undefined, text: string): void {
  if (asked === undefined || platform.os === '' || matchesPlatform(asked, platform)) return;
  throw new AppError('IMAGE_UNKNOWN', {
    message: `${text} has no image for ${renderPlatform(asked)}.`,
    hint: `It has: ${renderPlatform(platform)}`,
  });
}

async function namesOf(
  { source, location }: OpenedSource,
  { root }: OpenedImage,
): Promise<Pick<Seen, 'repoTags' | 'repoDigests'>> {
  if (location.kind === 'registry') {
    const { tag, digest } = location.image;
    const name = familiarName(location.image);
    const repoTags = digest !== undefined ? [] : [`${name}:${tag ?? 'latest'}`];
    return { repoTags, repoDigests: [`${name}@${root.digest.text}`] };
  }
  const repoTags: string[] = [];
  let seen = 0;
  for await (const name of source.listTags()) {
    if (++seen > MOST_NAMES) break;
    if (parseDigest(name) !== undefined) continue;
    if ((await source.readManifest(name))?.digest.text === root.digest.text)
      repoTags.push(familiarText(name));
  }
  return { repoTags, repoDigests: [] };
}

/** A name of an archive, which may be a tag alone. */
function familiarText(name: string): string {
  return name.replace(/^docker\.io\/(?:library\/(?=[^/]*$))?/, '');
}

/** A repository as docker shows it: `alpine` for `docker.io/library/alpine`. */
function familiarName({ registry, repository }: ImageName): string {
  return registry === 'docker.io' ? repository.replace(/^library\//, '') : `${registry}/${repository}`;
}
