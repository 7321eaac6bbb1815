import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '../../../src/oci/digest.ts';
import type { Descriptor } from '../../../src/images/model/descriptor.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from '../../../src/images/model/media-types.ts';
import type { MemoryStore } from '../../support/memory-store.ts';

interface SampleOptions {
  readonly platform?: string;
  /** The text of each layer's tar. */
  readonly layers?: readonly string[];
  readonly format?: 'oci' | 'docker';
  readonly compression?: 'none' | 'gzip' | 'zstd';
  readonly names?: readonly string[];
  readonly subject?: Descriptor;
}

/** Stores an image of one platform, and returns its descriptor. */
export function addImage(store: MemoryStore, options: SampleOptions = {}): Descriptor {
  const {
    platform = 'linux/amd64',
    layers = ['base', 'app'],
    format = 'oci',
    compression = 'gzip',
  } = options;
  const [os, architecture] = platform.split('/');
  const diffIds = layers.map((text) => digestOf('sha256', Buffer.from(text)).text);
  const config = store.addBlob(
    Buffer.from(
      JSON.stringify({ os, architecture, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }),
    ),
    format === 'oci' ? OCI_CONFIG : DOCKER_CONFIG,
  );
  const mediaType = format === 'oci' ? OCI_MANIFEST : DOCKER_MANIFEST;
  return store.addManifest(
    {
      schemaVersion: 2,
      mediaType,
      config: config.json,
      layers: layers.map((text) => addLayer(store, text, format, compression).json),
      ...(options.subject === undefined ? {} : { subject: options.subject.json }),
    },
    mediaType,
    options.names,
  );
}

function addLayer(
  store: MemoryStore,
  text: string,
  format: 'oci' | 'docker',
  compression: 'none' | 'gzip' | 'zstd',
): Descriptor {
  const plain = Buffer.from(text);
  const bytes = { none: plain, gzip: gzipSync(plain), zstd: zstdCompressSync(plain) }[compression];
  const [base, mark] = format === 'oci' ? [OCI_LAYER, '+'] : [DOCKER_LAYER, '.'];
  return store.addBlob(bytes, compression === 'none' ? base : `${base}${mark}${compression}`);
}

/** Stores an index of images, by platform, each with an attestation if that is asked for. */
export function addIndex(
  store: MemoryStore,
  platforms: readonly string[],
  { names = ['1'], attested = false } = {},
): Descriptor {
  const manifests = platforms.flatMap((platform) => {
    const [os, architecture, variant] = platform.split('/');
    const image = addImage(store, { platform, layers: ['base', `app of ${platform}`] });
    const entry = {
      ...image.json,
      platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    };
    return attested ? [entry, attestationOf(store, image)] : [entry];
  });
  return store.addManifest({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX, names);
}

function attestationOf(store: MemoryStore, { digest }: Descriptor): object {
  const config = store.addBlob(Buffer.from('{}'), OCI_CONFIG);
  const statement = store.addBlob(Buffer.from(`about ${digest.text}`), 'application/vnd.in-toto+json');
  const manifest = store.addManifest(
    { schemaVersion: 2, mediaType: OCI_MANIFEST, config: config.json, layers: [statement.json] },
    OCI_MANIFEST,
  );
  return {
    ...manifest.json,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.digest': digest.text,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
  };
}

/** Stores an artifact: a signature or an SBOM of a subject, or one of its own. */
export function addArtifact(
  store: MemoryStore,
  type: string,
  { subject, names = [] }: { readonly subject?: Descriptor; readonly names?: readonly string[] } = {},
): Descriptor {
  const config = store.addBlob(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');
  const layer = store.addBlob(Buffer.from(`content of ${type}`), type);
  return store.addManifest(
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: type,
      config: config.json,
      layers: [layer.json],
      ...(subject === undefined ? {} : { subject: subject.json }),
    },
    OCI_MANIFEST,
    names,
  );
}
