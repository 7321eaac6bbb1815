import { parseDigest, type Digest } from '../../oci/digest.ts';
import { AppError } from '../../lib/errors.ts';

/** The registry of a name that states none, and the prefix of its official images, as in docker. */
const DOCKER_HUB = 'docker.io';
const OFFICIAL = 'library/';

/** An image, or a repository, of a registry. */
export interface ImageName {
  /** Host, and port if there is one: `registry.lan`, `127.0.0.1:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** `team/app`; `library/alpine` for `docker.io/alpine`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** Wins over the tag, which then is for the reader only. */
  readonly digest: Digest | undefined;
}

// distribution: reference/regexp.go.
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const HOST =
  /^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[A-Fa-f0-9:]+\])(?::[0-9]{1,5})?$/;
const LONGEST_NAME = 255;

/**
 * Parses a name as docker reads it (distribution: reference/normalize.go): `registry.lan/team/app:1@sha256:...`. The
 * first part is a registry if it has a dot, a colon or a capital letter, or is `localhost`; otherwise `registry` is the
 * registry, or docker.io without it. Throws AppError IMAGE_NAME_INVALID.
 */
export function parseImageName(text: string, registry: string = DOCKER_HUB): ImageName {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  if (at >= 0 && digest === undefined) throw invalid(text, 'what follows @ is not a digest');
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw invalid(text, `${JSON.stringify(tag)} is not a tag`);
  return { ...splitRepository(text, colon < 0 ? named : named.slice(0, colon), registry), tag, digest };
}

/** Parses `registry.lan`, with or without a port. Throws AppError IMAGE_NAME_INVALID. */
export function parseRegistryName(text: string): string {
  if (!HOST.test(text)) throw invalid(text, 'it is not the host of a registry');
  return text;
}

/** Whether the text before the first slash of a name, or a whole argument, is a registry rather than a repository. */
export function isRegistryPart(part: string): boolean {
  return part === 'localhost' || /[.:]/.test(part) || part !== part.toLowerCase();
}

function splitRepository(
  text: string,
  named: string,
  byDefault: string,
): Pick<ImageName, 'registry' | 'repository'> {
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(slash, 0));
  const isNamed = slash > 0 && isRegistryPart(first);
  const registry = isNamed ? first.replace(/^index\.docker\.io$/, DOCKER_HUB) : byDefault;
  const rest = isNamed ? named.slice(slash + 1) : named;
  const repository = registry === DOCKER_HUB && !rest.includes('/') ? `${OFFICIAL}${rest}` : rest;
  const problem = problemOf(registry, repository);
  if (problem !== undefined) throw invalid(text, problem);
  return { registry, repository };
}

function problemOf(registry: string, repository: string): string | undefined {
  if (!HOST.test(registry)) return `${JSON.stringify(registry)} is not the host of a registry`;
  if (repository !== repository.toLowerCase()) return 'the name of a repository is in lower case';
  if (!REPOSITORY.test(repository)) return `${JSON.stringify(repository)} is not the name of a repository`;
  return repository.length > LONGEST_NAME ? `it is longer than ${LONGEST_NAME} characters` : undefined;
}

/** Returns the name as one types it: `registry.lan/team/app:1@sha256:...`. */
export function renderImageName({ registry, repository, tag, digest }: ImageName): string {
  const tagged = tag === undefined ? '' : `:${tag}`;
  return `${registry}/${repository}${tagged}${digest === undefined ? '' : `@${digest.text}`}`;
}

/** What to ask a registry for: the digest, else the tag, else `latest`. */
export function manifestReference({ tag, digest }: Pick<ImageName, 'tag' | 'digest'>): string {
  return digest?.text ?? tag ?? 'latest';
}

/** Whether a text can be a tag (distribution-spec: "Pulling manifests"). */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

function invalid(text: string, reason: string): AppError {
  return new AppError('IMAGE_NAME_INVALID', {
    message: `${JSON.stringify(text.slice(0, 300))} is not the name of an image: ${reason}.`,
    hint: 'A name is like registry.lan/team/app:1.0 or registry.lan/team/app@sha256:...',
  });
}
