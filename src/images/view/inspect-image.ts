import type { ImageConfig } from '../model/config.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { textOf } from '../model/descriptor.ts';
import type { JsonObject } from '../model/json.ts';
import type { ImageIndex } from '../model/manifest.ts';
import { isForeignLayer } from '../model/media-types.ts';
import { isUnknownPlatform, renderPlatform } from '../model/platform.ts';
import { ATTESTED } from './platform-images.ts';
import { dockerComment, dockerConfig, dockerMoment, UNKNOWN_MOMENT } from './docker-config.ts';
import type { OpenedImage } from './open-image.ts';
import type { Referrer } from './referrers.ts';
import { pullSize, totalSize } from './sizes.ts';

interface InspectedImage {
  readonly opened: OpenedImage;
  /** Undefined for an artifact. */
  readonly config: ImageConfig | undefined;
  /** `alpine:3`, as docker shows names. */
  readonly repoTags: readonly string[];
  /** `alpine@sha256:...`. Empty for an archive. */
  readonly repoDigests: readonly string[];
  readonly referrers: readonly Referrer[];
}

/**
 * Returns what `docker image inspect` prints for an image, with the keys of Docker 20.10 where they mean the same, and
 * keys of our own: Manifest, Index, Layers, Annotations, Referrers. What only a daemon knows (GraphDriver) is left out.
 * Size is that of the layers as they are stored; docker prints the size of their files.
 */
export function inspectImage(image: InspectedImage): JsonObject {
  const { opened, config, referrers } = image;
  const { manifest, stored, index, root } = opened;
  return {
    ...(config === undefined ? artifactKeys(image) : dockerKeys(image, config)),
    Manifest: {
      MediaType: stored.mediaType,
      Digest: stored.digest.text,
      Size: stored.bytes.length,
      PullSize: pullSize(manifest),
      Config: renderDescriptor(manifest.config),
      ...(manifest.artifactType === undefined ? {} : { ArtifactType: manifest.artifactType }),
      ...(manifest.subject === undefined ? {} : { Subject: renderDescriptor(manifest.subject) }),
    },
    ...(index === undefined ? {} : { Index: renderIndex(root.digest.text, root.bytes.length, index) }),
    Layers: manifest.layers.map((layer, at) => renderLayer(layer, config?.diffIds[at])),
    Annotations: manifest.annotations,
    Referrers: referrers.map(renderReferrer),
  };
}

function dockerKeys({ opened, repoTags, repoDigests }: InspectedImage, config: ImageConfig): JsonObject {
  const { json, platform, run, rootfsType, diffIds } = config;
  const container = textOf(json, 'container');
  const { container_config: containerConfig } = json;
  return {
    Id: opened.manifest.config.digest.text,
    RepoTags: repoTags,
    RepoDigests: repoDigests,
    Parent: textOf(json, 'parent'),
    Comment: dockerComment(config),
    Created: dockerMoment(config.created),
    ...(container === '' ? {} : { Container: container }),
    ...(isMember(containerConfig) ? { ContainerConfig: dockerConfig(containerConfig) } : {}),
    DockerVersion: textOf(json, 'docker_version'),
    Author: config.author,
    Config: run === undefined ? null : dockerConfig(run.json),
    Architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { Variant: platform.variant }),
    Os: platform.os === '' ? 'linux' : platform.os,
    ...(platform.osVersion === undefined ? {} : { OsVersion: platform.osVersion }),
    // Each layer counts as often as the image has it, as docker counts.
    Size: totalSize(opened.manifest.layers),
    RootFS: { Type: rootfsType, ...(diffIds.length === 0 ? {} : { Layers: diffIds }) },
    Metadata: { LastTagTime: UNKNOWN_MOMENT },
  };
}

function isMember(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is known of something that is no container image: a chart, a signature, an SBOM. */
function artifactKeys({ opened, repoTags, repoDigests }: InspectedImage): JsonObject {
  const { manifest, stored } = opened;
  return {
    Id: stored.digest.text,
    RepoTags: repoTags,
    RepoDigests: repoDigests,
    ArtifactType: manifest.artifactType ?? manifest.config.mediaType,
    Size: totalSize(manifest.layers),
  };
}

function renderDescriptor({ mediaType, digest, size }: Descriptor): JsonObject {
  return { MediaType: mediaType, Digest: digest.text, Size: size };
}

function renderLayer(layer: Descriptor, diffId: string | undefined): JsonObject {
  return {
    ...renderDescriptor(layer),
    ...(diffId === undefined ? {} : { DiffID: diffId }),
    ...(isForeignLayer(layer.mediaType) ? { Urls: layer.urls } : {}),
    ...(Object.keys(layer.annotations).length === 0 ? {} : { Annotations: layer.annotations }),
  };
}

function renderIndex(digest: string, size: number, index: ImageIndex): JsonObject {
  return {
    MediaType: index.mediaType,
    Digest: digest,
    Size: size,
    Platforms: index.manifests.map(renderEntry),
    Annotations: index.annotations,
  };
}

function renderEntry(entry: Descriptor): JsonObject {
  const { platform, annotations } = entry;
  const attested = annotations[ATTESTED];
  const isImage = platform !== undefined && !isUnknownPlatform(platform);
  return {
    ...(isImage ? { Platform: renderPlatform(platform) } : {}),
    ...(platform?.osVersion === undefined ? {} : { OsVersion: platform.osVersion }),
    ...(attested === undefined ? {} : { Attests: attested }),
    ...renderDescriptor(entry),
    ...(Object.keys(annotations).length === 0 ? {} : { Annotations: annotations }),
  };
}

function renderReferrer(referrer: Referrer): JsonObject {
  const { kind, artifactType, mediaType, digest, size, tag, annotations } = referrer;
  return {
    Kind: kind,
    ...(artifactType === '' ? {} : { ArtifactType: artifactType }),
    MediaType: mediaType,
    Digest: digest,
    Size: size,
    ...(tag === undefined ? {} : { Tag: tag }),
    ...(Object.keys(annotations).length === 0 ? {} : { Annotations: annotations }),
  };
}
