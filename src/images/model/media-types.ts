/** Media types of images (image-spec: "Media Types"; distribution: "Image Manifest V 2, Schema 2"). */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
/** The only form in which very old registries keep an image. It can be seen, not copied. */
export const DOCKER_SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/;

/** Layers whose bytes need not be in a registry, if they have URLs. */
const FOREIGN =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign\.|oci\.image\.layer\.nondistributable\.)/;

/** What a client accepts as a manifest, the preferred first. */
export const MANIFEST_TYPES: readonly string[] = [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST];

export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_LIST;
}

export function isImageType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** Whether a config of this type describes the file system and the start of a container. */
export function isContainerConfig(mediaType: string): boolean {
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG;
}

export function isForeignLayer(mediaType: string): boolean {
  return FOREIGN.test(mediaType);
}

/** Whether the registry has a blob. A foreign layer is where its URLs say. */
export function isStored(blob: { readonly mediaType: string; readonly urls: readonly string[] }): boolean {
  return !isForeignLayer(blob.mediaType) || blob.urls.length === 0;
}

/** How the tar of a layer is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/**
 * Returns how a layer of this type is compressed, or undefined if it is not the tar of a layer. Docker's schema 2 has
 * one type for gzip and none for zstd.
 */
export function layerCompression(mediaType: string): Compression | undefined {
  if (!/^application\/vnd\.(?:docker\.image\.rootfs\.|oci\.image\.layer\.)/.test(mediaType)) return undefined;
  if (/[.+]gzip$/.test(mediaType)) return 'gzip';
  return mediaType.endsWith('+zstd') ? 'zstd' : 'none';
}
