import type { Descriptor } from '../../model/descriptor.ts';
import type { ImageManifest } from '../../model/manifest.ts';
import {
  DOCKER_LAYER,
  isContainerConfig,
  isForeignLayer,
  layerCompression,
  type Compression,
} from '../../model/media-types.ts';
import type { CopyRequest } from '../request/copy-request.ts';
import { formatOf, type Format } from './layer-types.ts';

/** How an image is changed on the way. */
export interface Conversion {
  readonly format: Format;
  /** How each layer is to be compressed, in their order. Undefined where it stays byte for byte. */
  readonly layers: readonly (Compression | undefined)[];
}

/** Returns how an image has to be changed, or undefined if it stays byte for byte. */
export function planConversion(request: CopyRequest, manifest: ImageManifest): Conversion | undefined {
  // An artifact is what its maker says: nobody reads it in another form.
  if (!isContainerConfig(manifest.config.mediaType)) return undefined;
  const before = formatOf(manifest.mediaType);
  const wanted = manifest.layers.map((layer) => compressionFor(request, layer));
  const after = manifest.layers.map((layer, at) => wanted[at] ?? layerCompression(layer.mediaType));
  const format = request.format ?? (after.includes('zstd') ? 'oci' : before);
  // Docker's schema 2 has no type for zstd.
  const layers = after.map((now, at) => (format === 'docker' && now === 'zstd' ? 'gzip' : wanted[at]));
  return format === before && layers.every((layer) => layer === undefined) ? undefined : { format, layers };
}

function compressionFor(request: CopyRequest, { mediaType }: Descriptor): Compression | undefined {
  // A docker-archive holds layers uncompressed, whatever is asked for.
  if (request.target.isOnePlatform === true) return undefined;
  const { compress, preserve } = request;
  const now = layerCompression(mediaType);
  if (now === undefined || isForeignLayer(mediaType)) return undefined;
  if (compress !== undefined) return now === compress ? undefined : compress;
  return preserve !== true && isUnpacked(request, mediaType) ? 'gzip' : undefined;
}

/** What a docker-archive holds is what `docker push` would compress. An OCI layout that holds plain layers means it so. */
function isUnpacked({ source, target }: CopyRequest, mediaType: string): boolean {
  return mediaType === DOCKER_LAYER && source.origin === undefined && target.origin !== undefined;
}
