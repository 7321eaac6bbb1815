import { gzipSync } from 'node:zlib';
import {
  contentOf,
  describeContent,
  DOCKER,
  jsonContent,
  largeLayer,
  OCI,
  packLayer,
  tarOf,
  type Content,
  type Layer,
  type Packing,
} from './image-content.ts';
import { bareConfig, configOf, debianLike, type Made } from './image-config.ts';

/** Images of every kind that registries hold, small, and the same at every run. Made without a daemon. */
export interface ImageKind {
  readonly name: KindName;
  /** Configs and layers. Foreign layers are not among them: no registry has them. */
  readonly blobs: readonly Content[];
  /** In an order in which a registry takes them: children before their index, subjects before their referrers. */
  readonly manifests: readonly Content[];
  /** What the tag `1` names. */
  readonly root: Content;
  /** Further tags, and what they name. */
  readonly tags: ReadonlyMap<string, Content>;
  /** What refers to the root. */
  readonly referrers: readonly Content[];
}

export const KIND_NAMES = [
  'oci',
  'schema2',
  'platforms',
  'schema2-platforms',
  'zstd',
  'foreign',
  'attested',
  'helm',
  'cosign-tag',
  'referrers',
  'empty-layer',
  'many-layers',
  'nested',
  'bare',
  'signature',
  'sbom',
] as const;

export type KindName = (typeof KIND_NAMES)[number] | 'large';

const MANIFEST = `${OCI}.manifest.v1+json`;
const INDEX = `${OCI}.index.v1+json`;
const MANIFEST_2 = `${DOCKER}.distribution.manifest.v2+json`;
const LIST_2 = `${DOCKER}.distribution.manifest.list.v2+json`;
const EMPTY = contentOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
const URL_OF_FOREIGN = 'https://127.0.0.1:1/base.tar.gz';

/** Makes one kind. `megabytes` is for the kind `large`. */
export async function makeKind(name: KindName, megabytes = 2050): Promise<ImageKind> {
  if (name === 'large') return single(name, await imageOf([await largeLayer(megabytes)], 'amd64'));
  return MAKERS[name](name);
}

/** The kind `oci` with its layers compressed by zstd. */
export async function makeRecompressed(): Promise<ImageKind> {
  return single('zstd', await debian('amd64', 'oci-zstd'));
}

/** Makes an image of several layers of noise, of one MiB and more, with a referrer. */
export async function makeNoisy(count: number, megabytes: number): Promise<ImageKind> {
  const layers = await Promise.all(Array.from({ length: count }, (_, at) => largeLayer(megabytes, at)));
  return withReferrers('large', await imageOf(layers, 'amd64'));
}

type Maker = (name: KindName) => Promise<ImageKind>;

const MAKERS: Readonly<Record<(typeof KIND_NAMES)[number], Maker>> = {
  oci: async (name) => single(name, await debian('amd64', 'oci-gzip')),
  schema2: async (name) => single(name, await debian('amd64', 'docker-gzip')),
  platforms: async (name) => several(name, await onPlatforms('oci-gzip'), INDEX),
  'schema2-platforms': async (name) => several(name, await onPlatforms('docker-gzip'), LIST_2),
  zstd: async (name) => single(name, await debian('amd64', 'oci-zstd', 'zstd')),
  foreign: async (name) => single(name, await foreign()),
  attested: async (name) => several(name, [await debian('amd64', 'oci-gzip')], INDEX, attest),
  helm: async (name) => single(name, await helmChart()),
  'cosign-tag': cosignByTag,
  referrers: referred,
  'empty-layer': async (name) => single(name, await withEmptyLayer()),
  'many-layers': async (name) => single(name, await manyLayers(128)),
  nested,
  bare: async (name) => single(name, await bare()),
  signature: async (name) => single(name, signatureOf((await debian('amd64', 'oci-gzip')).manifest)),
  sbom: async (name) => single(name, sbomOf()),
};

/** A manifest with its blobs. */
interface Image {
  readonly manifest: Content;
  readonly blobs: readonly Content[];
  readonly platform?: object | undefined;
}

function single(name: KindName, { manifest, blobs }: Image): ImageKind {
  return { name, blobs, manifests: [manifest], root: manifest, tags: new Map(), referrers: [] };
}

type Attest = (image: Image) => Promise<{ readonly image: Image; readonly descriptor: object }>;

async function several(
  name: KindName,
  images: readonly Image[],
  mediaType: string,
  attestation?: Attest,
): Promise<ImageKind> {
  const attested = attestation === undefined ? [] : await Promise.all(images.map(attestation));
  const children = [...images, ...attested.map(({ image }) => image)];
  const index = jsonContent(mediaType, {
    schemaVersion: 2,
    mediaType,
    manifests: [
      ...images.map(({ manifest, platform }) => describeContent(manifest, { platform })),
      ...attested.map(({ descriptor }) => descriptor),
    ],
  });
  return {
    name,
    blobs: unique(children.flatMap(({ blobs }) => blobs)),
    manifests: [...children.map(({ manifest }) => manifest), index],
    root: index,
    tags: new Map(),
    referrers: [],
  };
}

/** An image of layers, of schema 2 if the first one is Docker's. */
async function imageOf(layers: readonly Layer[], architecture: string, made?: Made): Promise<Image> {
  const { value, platform } = configOf(layers, architecture, made);
  return { ...withConfig(layers, value, architecture), platform };
}

/** An image that says nothing of itself: no date, no command, no history. */
async function bare(): Promise<Image> {
  const layers = [packLayer(await tarOf([{ name: 'etc/motd', text: 'Welcome\n' }]), 'oci-gzip')];
  return withConfig(layers, bareConfig(layers), 'amd64');
}

function withConfig(layers: readonly Layer[], value: object, architecture: string): Image {
  const isDocker = layers[0]?.blob.mediaType.startsWith(DOCKER) === true;
  const config = jsonContent(isDocker ? `${DOCKER}.container.image.v1+json` : `${OCI}.config.v1+json`, value);
  const mediaType = isDocker ? MANIFEST_2 : MANIFEST;
  const manifest = jsonContent(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: describeContent(config),
    layers: layers.map(({ blob, urls }) => describeContent(blob, urls === undefined ? {} : { urls })),
    ...(isDocker
      ? {}
      : { annotations: { 'org.opencontainers.image.title': `Debian-like, ${architecture}` } }),
  });
  const kept = layers.filter(({ urls }) => urls === undefined).map(({ blob }) => blob);
  return { manifest, blobs: unique([config, ...kept]) };
}

async function debian(architecture: string, packing: Packing, seed = ''): Promise<Image> {
  const { tars, made } = await debianLike(architecture, seed);
  return imageOf(
    tars.map((tar) => packLayer(tar, packing)),
    architecture,
    made,
  );
}

async function onPlatforms(packing: Packing): Promise<readonly Image[]> {
  return Promise.all(['amd64', 'arm64', 'arm'].map((architecture) => debian(architecture, packing)));
}

async function foreign(): Promise<Image> {
  const { tars, made } = await debianLike('amd64');
  const [base = Buffer.alloc(0), ...rest] = tars;
  const layers = rest.map((tar) => packLayer(tar, 'docker-gzip'));
  return imageOf([{ ...packLayer(base, 'foreign-gzip'), urls: [URL_OF_FOREIGN] }, ...layers], 'amd64', made);
}

/** As BuildKit attests: a manifest of in-toto statements, on a platform that nobody has. */
async function attest({ manifest }: Image): Promise<Awaited<ReturnType<Attest>>> {
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://slsa.dev/provenance/v0.2',
    subject: [{ name: 'pkg:docker/app@1', digest: { sha256: manifest.digest.slice(7) } }],
    predicate: { builder: { id: '' } },
  };
  const layer = jsonContent('application/vnd.in-toto+json', statement);
  const config = jsonContent(`${OCI}.config.v1+json`, {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const annotations = { 'in-toto.io/predicate-type': statement.predicateType };
  const attestation = artifact(config, [describeContent(layer, { annotations })]);
  const descriptor = describeContent(attestation, {
    annotations: {
      'vnd.docker.reference.digest': manifest.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  });
  return { image: { manifest: attestation, blobs: [config, layer] }, descriptor };
}

function artifact(config: Content, layers: readonly object[], more: object = {}): Content {
  const head = { schemaVersion: 2, mediaType: MANIFEST };
  return jsonContent(MANIFEST, { ...head, config: describeContent(config), layers, ...more });
}

async function helmChart(): Promise<Image> {
  const chart = { name: 'app', version: '1.2.3', apiVersion: 'v2', appVersion: '7' };
  const tar = await tarOf([{ name: 'app/Chart.yaml', text: JSON.stringify(chart) }]);
  const layer = contentOf('application/vnd.cncf.helm.chart.content.v1.tar+gzip', gzipSync(tar));
  const config = jsonContent('application/vnd.cncf.helm.config.v1+json', chart);
  const annotations = {
    'org.opencontainers.image.title': 'app',
    'org.opencontainers.image.version': '1.2.3',
  };
  return { manifest: artifact(config, [describeContent(layer)], { annotations }), blobs: [config, layer] };
}

/** As `cosign sign` stores a signature that needs no referrers: under a tag that is made of the digest. */
async function cosignByTag(name: KindName): Promise<ImageKind> {
  const image = await debian('amd64', 'oci-gzip');
  const { manifest, blobs } = signatureOf(image.manifest);
  return {
    ...single(name, image),
    blobs: unique([...image.blobs, ...blobs]),
    manifests: [image.manifest, manifest],
    tags: new Map([[`${image.manifest.digest.replace(':', '-')}.sig`, manifest]]),
  };
}

function signatureOf({ digest }: Content, more: object = {}): Image {
  const payload = jsonContent('application/vnd.dev.cosign.simplesigning.v1+json', {
    critical: {
      identity: {},
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  });
  const config = jsonContent(`${OCI}.config.v1+json`, {
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: [payload.digest] },
  });
  const annotations = { 'dev.cosignproject.cosign/signature': 'MEUCIQDx' };
  const layers = [describeContent(payload, { annotations })];
  return { manifest: artifact(config, layers, more), blobs: [config, payload] };
}

/** A signature and an SBOM that refer to the image. */
async function referred(name: KindName): Promise<ImageKind> {
  return withReferrers(name, await debian('amd64', 'oci-gzip'));
}

function withReferrers(name: KindName, image: Image): ImageKind {
  const subject = describeContent(image.manifest);
  const signature = signatureOf(image.manifest, { subject });
  const listing = sbomOf({ subject });
  return {
    ...single(name, image),
    blobs: unique([...image.blobs, ...signature.blobs, ...listing.blobs]),
    manifests: [image.manifest, signature.manifest, listing.manifest],
    referrers: [signature.manifest, listing.manifest],
  };
}

function sbomOf(more: object = {}): Image {
  const sbom = jsonContent('application/spdx+json', { spdxVersion: 'SPDX-2.3', name: 'app' });
  const manifest = artifact(EMPTY, [describeContent(sbom)], {
    artifactType: 'application/spdx+json',
    ...more,
    annotations: { 'org.opencontainers.image.created': '2024-03-01T00:00:00Z' },
  });
  return { manifest, blobs: [EMPTY, sbom] };
}

/** A layer without a file, as old builders left it for each `ENV`, between two others. */
async function withEmptyLayer(): Promise<Image> {
  const tars = [
    await tarOf([{ name: 'a', text: 'a' }]),
    Buffer.alloc(1024),
    await tarOf([{ name: 'b', text: 'b' }]),
  ];
  return imageOf(
    tars.map((tar) => packLayer(tar, 'oci-gzip')),
    'amd64',
  );
}

async function manyLayers(count: number): Promise<Image> {
  const layers = Array.from({ length: count }, async (_, at) =>
    packLayer(await tarOf([{ name: `layer-${at}`, text: `${at}\n` }]), 'docker-gzip'),
  );
  return imageOf(await Promise.all(layers), 'amd64');
}

/** An index in an index, beside an image. */
async function nested(name: KindName): Promise<ImageKind> {
  const inner = await several(name, await onPlatforms('oci-gzip'), INDEX);
  const image = await debian('s390x', 'oci-gzip');
  const root = jsonContent(INDEX, {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [
      describeContent(inner.root),
      describeContent(image.manifest, { platform: { os: 'linux', architecture: 's390x' } }),
    ],
  });
  return {
    ...inner,
    blobs: unique([...inner.blobs, ...image.blobs]),
    manifests: [...inner.manifests, image.manifest, root],
    root,
  };
}

function unique(contents: readonly Content[]): readonly Content[] {
  return [...new Map(contents.map((content) => [content.digest, content])).values()];
}
