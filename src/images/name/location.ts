import { AppError } from '../../lib/errors.ts';
import { parseImageName, type ImageName } from './image-name.ts';

/** Where an image is, or is to go. */
export type Location =
  | { readonly kind: 'registry'; readonly image: ImageName }
  | ArchiveLocation
  /** Standard input or standard output. */
  | { readonly kind: 'stream' };

/** An archive of one file, or an OCI layout in a folder. */
export interface ArchiveLocation {
  /**
   * `docker-archive`: what `docker save` of the classic store writes (image-spec v1.2). `oci-archive`: an OCI layout in
   * a tar. `oci`: an OCI layout in a folder (image-spec: "Image Layout").
   */
  readonly kind: 'docker-archive' | 'oci-archive' | 'oci';
  readonly path: string;
  /** The image in it: a tag, a full name or a digest. Undefined if there is only one, or all are meant. */
  readonly reference: string | undefined;
}

/**
 * Parses `registry.lan/team/app:1`, `docker-archive:FILE[:NAME]`, `oci-archive:FILE[:NAME]`, `oci:DIR[:NAME]` or `-`.
 * `docker://` before a name is skipped, as skopeo writes it. Throws AppError IMAGE_NAME_INVALID.
 */
export function parseLocation(text: string, registry?: string): Location {
  if (text === '-') return { kind: 'stream' };
  const [, kind, rest = ''] = /^(docker-archive|oci-archive|oci):(.*)$/s.exec(text) ?? [];
  if (isArchiveKind(kind)) {
    // A path may hold colons after a drive letter only; a name begins after the first other colon.
    const colon = rest.indexOf(':', /^[A-Za-z]:[\\/]/.test(rest) ? 2 : 0);
    const path = colon < 0 ? rest : rest.slice(0, colon);
    if (path === '') throw emptyPath(text);
    const reference = colon < 0 ? '' : rest.slice(colon + 1);
    return { kind, path, reference: reference === '' ? undefined : reference };
  }
  return { kind: 'registry', image: parseImageName(text.replace(/^docker:\/\//, ''), registry) };
}

function isArchiveKind(kind: string | undefined): kind is ArchiveLocation['kind'] {
  return kind === 'docker-archive' || kind === 'oci-archive' || kind === 'oci';
}

function emptyPath(text: string): AppError {
  return new AppError('IMAGE_NAME_INVALID', {
    message: `${JSON.stringify(text)} names no file.`,
    hint: 'Name it after the colon: oci-archive:image.tar, docker-archive:image.tar, oci:DIRECTORY',
  });
}
