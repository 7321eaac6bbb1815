import { isTag, parseImageName, renderImageName, type ImageName } from '../../../images/name/image-name.ts';
import type { Location } from '../../../images/name/location.ts';
import { AppError } from '../../../lib/errors.ts';

/** An image that is to be copied, and how it is known in the source. */
export interface Known {
  /** A tag, a digest or a full name. */
  readonly reference: string;
  /** Tags, or full names in an archive. None if it is known by its digest alone. */
  readonly names: readonly string[];
}

/** Returns the full name of an image of a registry, as an archive keeps it. Undefined if it is named by digest alone. */
export function archiveName(image: ImageName): string | undefined {
  const tag = image.tag ?? (image.digest === undefined ? 'latest' : undefined);
  return tag === undefined ? undefined : renderImageName({ ...image, tag, digest: undefined });
}

/**
 * Returns the tags, or the names in an archive, under which an image is stored in a target: those that the target
 * states, else those that it has in the source. Throws AppError USAGE if the target is a digest.
 */
export function namesIn(target: Location, { names }: Known): readonly string[] {
  if (target.kind !== 'registry') {
    const reference = target.kind === 'stream' ? undefined : target.reference;
    return reference === undefined ? names : [reference];
  }
  const { image } = target;
  if (image.digest !== undefined)
    throw new AppError('USAGE', {
      message: `${renderImageName(image)} is a digest: what is stored there is not chosen by who stores it.`,
      hint: 'Name a tag, or the repository alone.',
    });
  if (image.tag !== undefined) return [image.tag];
  return [...new Set(names.flatMap(tagOf))];
}

/** Returns the tag of a name of an archive, which may be a tag alone. */
function tagOf(name: string): readonly string[] {
  if (isTag(name)) return [name];
  const { tag } = parseImageName(name);
  return tag === undefined ? [] : [tag];
}

/**
 * Returns where an image of an archive is pushed to. Its names come from whoever wrote the archive: each is parsed, and
 * stays below `into` if that is given. Throws AppError IMAGE_NAME_INVALID, USAGE.
 */
export function pushName(name: string, defaultRegistry: string, into?: ImageName): ImageName {
  if (isTag(name) && !/[/:]/.test(name)) throw nameless(name);
  const image = { ...parseImageName(name, defaultRegistry), digest: undefined };
  const named = { ...image, tag: image.tag ?? 'latest' };
  if (into === undefined) return named;
  // Official images of Docker Hub are known without `library/`.
  const rest = image.registry === 'docker.io' ? image.repository.replace(/^library\//, '') : image.repository;
  const below = into.repository === '' ? rest : `${into.repository}/${rest}`;
  return parseImageName(`${into.registry}/${below}:${named.tag}`);
}

function nameless(name: string): AppError {
  return new AppError('USAGE', {
    message: `The archive calls an image ${JSON.stringify(name)}, which is a tag without a repository.`,
    hint: 'Say where it goes: registry-gate images load -i FILE registry.lan/team/app',
  });
}
