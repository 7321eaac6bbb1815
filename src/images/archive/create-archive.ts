import type { Writable } from 'node:stream';
import type { Compression } from '../model/media-types.ts';
import { hostPlatform } from '../model/host-platform.ts';
import type { ArchiveLocation } from '../name/location.ts';
import type { ImageTarget } from '../store.ts';
import { openFileDestination, openStreamDestination } from './write/destination.ts';
import { openFolderTarget } from './write/folder-target.ts';
import { dockerFilesOf } from './write/docker-files.ts';
import { DockerTarget } from './write/docker-target.ts';
import { LayoutTarTarget, type TarDestination } from './write/layout-tar-target.ts';

export interface CreateArchiveOptions {
  /** What a location of the kind `stream` writes to: standard output. It is not ended. */
  readonly output?: Writable;
  /** How the whole archive is compressed. Default: by the ending of its name, `.gz`, `.tgz` or `.zst`; else not at all. */
  readonly compression?: Compression;
  /** Where blobs are kept that are made on the way. Default: beside the file, or TMPDIR for a stream. */
  readonly spoolFolder?: string;
  /** Whether a docker-archive keeps layers compressed, and with them the digest of the image. Default: false. */
  readonly preserve?: boolean;
}

type Place = ArchiveLocation | { readonly kind: 'stream' };

/**
 * Opens an archive of images for writing. Under its name it is seen only whole, after `commit`. Throws AppError
 * FILE_UNWRITABLE.
 */
export async function createArchive(place: Place, options: CreateArchiveOptions = {}): Promise<ImageTarget> {
  if (place.kind === 'oci') return openFolderTarget(place.path);
  if (place.kind === 'stream') {
    const { output, ...rest } = options;
    if (output === undefined) throw new TypeError('a stream needs an output');
    return layoutTarget(openStreamDestination({ output, ...rest }));
  }
  const { compression = compressionByName(place.path), spoolFolder } = options;
  const destination = await openFileDestination(`${place.kind}:${place.path}`, place.path, {
    compression,
    ...(spoolFolder === undefined ? {} : { spoolFolder }),
  });
  const isClassic = place.kind === 'docker-archive' && options.preserve !== true;
  return isClassic ? new DockerTarget(destination) : layoutTarget(destination);
}

/** An image layout that engines with the classic store load as well: one tar for all. */
function layoutTarget(destination: TarDestination): ImageTarget {
  return new LayoutTarTarget(destination, (manifests) => dockerFilesOf(manifests, hostPlatform()));
}

function compressionByName(path: string): Compression {
  if (/\.(?:gz|tgz)$/i.test(path)) return 'gzip';
  return /\.(?:zst|tzst)$/i.test(path) ? 'zstd' : 'none';
}
