import {
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  isForeignLayer,
  layerCompression,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
  type Compression,
} from '../../model/media-types.ts';

/** The two families of media types. */
export type Format = 'oci' | 'docker';

const TYPES = {
  oci: { manifest: OCI_MANIFEST, index: OCI_INDEX, config: OCI_CONFIG },
  docker: { manifest: DOCKER_MANIFEST, index: DOCKER_LIST, config: DOCKER_CONFIG },
} as const;

/** Returns the media types of a family. */
export function typesOf(format: Format): (typeof TYPES)[Format] {
  return TYPES[format];
}

/** Returns the family of a manifest or an index. */
export function formatOf(mediaType: string): Format {
  return mediaType === DOCKER_MANIFEST || mediaType === DOCKER_LIST ? 'docker' : 'oci';
}

const FOREIGN = {
  oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  docker: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
} as const;

/** Returns the type of a layer in another family or with another compression. Others than tars of layers stay what they are. */
export function layerType(mediaType: string, format: Format, compression?: Compression): string {
  const before = layerCompression(mediaType);
  if (before === undefined) return mediaType;
  const now = compression ?? before;
  const foreign = isForeignLayer(mediaType);
  if (format === 'docker') {
    const base = foreign ? FOREIGN.docker : DOCKER_LAYER;
    return now === 'none' ? base : `${base}.${now}`;
  }
  const base = foreign ? FOREIGN.oci : OCI_LAYER;
  return now === 'none' ? base : `${base}+${now}`;
}
