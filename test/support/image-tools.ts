import { dirname, join } from 'node:path';
import type { KindName } from './image-kinds.ts';
import { must } from './programs.ts';

/** What of an image stays with its digest. The tars of layers always do. */
export interface Keeps {
  /** Whether the manifest stays, and of several platforms the index or that of one image. Undefined: it is made anew. */
  readonly manifest?: 'index' | 'image';
  readonly layers: boolean;
  /** Kinds whose layers get other bytes all the same. */
  readonly repacks?: readonly KindName[];
  /** Kinds whose manifest and config are written anew all the same. */
  readonly rewrites?: readonly KindName[];
}

/** A kind that a program can't write or read, and what it or we say. */
type Cannot = readonly (readonly [kind: KindName, words: RegExp])[];

const WHOLE: Keeps = { manifest: 'index', layers: true };
/** Only a config and layers, of one platform. It compresses what is no layer. */
const PARTS: Keeps = { layers: true, repacks: ['signature'] };
const UNPACKED: Keeps = { layers: false };
/** Of Docker's schema 2, of which OCI layouts of containers/image make OCI images. */
const OF_DOCKER: readonly KindName[] = ['schema2', 'schema2-platforms', 'foreign', 'many-layers'];

const NO_ARTIFACTS: Cannot = [
  ['helm', /unsupported image-specific operation on artifact/],
  ['sbom', /unsupported image-specific operation on artifact/],
];
const NO_SIGNATURE = ['signature', /Unknown media type during manifest conversion/] as const;
const NO_NESTED = ['nested', /manifest list instead of a manifest for a single image/] as const;
const NO_ZSTD = ['zstd', /zstd compression is not supported for docker images/] as const;
/** The bytes of foreign layers are to be had nowhere here. */
const NOT_FETCHED = ['foreign', /connection refused/] as const;
const NOT_STORED = ['foreign', /404/] as const;
/** A docker-archive that lacks layers, and one that has nothing that is a container. */
const NO_PARTS: Cannot = [
  ['foreign', /not found in tar|missing in the tarball/],
  ['helm', /manifest\.json/],
  ['sbom', /manifest\.json/],
];

/** A program that keeps images in files. */
export interface ArchiveTool {
  readonly name: string;
  readonly program: string;
  readonly keeps: Keeps;
  readonly cannot: Cannot;
  /** From `HOST:PORT/NAME:1` into a file or folder; resolves to it as our commands name it. */
  write(image: string, path: string): Promise<string>;
}

const skopeo = (...args: readonly string[]): Promise<string> =>
  must('skopeo', ['copy', '-q', '--insecure-policy', ...args]);
const PLAIN = '--src-tls-verify=false';

/** What others write, for `images load` and `images copy` to read. */
export const WRITERS: readonly ArchiveTool[] = [
  ...['tarball', 'legacy'].map((format): ArchiveTool => ({
    name: `crane pull --format ${format}`,
    program: 'crane',
    keeps: format === 'tarball' ? PARTS : UNPACKED,
    // It writes artifacts as images, whose configs have no layers.
    cannot: [
      NOT_FETCHED,
      ['helm', /does not describe the 1 layers/],
      ['sbom', /does not describe the 1 layers/],
    ],
    write: async (image, path) => {
      await must('crane', ['pull', '--format', format, image, path]);
      return `docker-archive:${path}`;
    },
  })),
  {
    name: 'crane pull --format oci',
    program: 'crane',
    keeps: WHOLE,
    cannot: [NOT_FETCHED],
    write: async (image, path) => {
      await must('crane', ['pull', '--format', 'oci', image, path]);
      return `oci:${path}`;
    },
  },
  ...['docker-archive', 'oci-archive', 'oci'].map((kind): ArchiveTool => ({
    name: `skopeo copy ${kind}:`,
    program: 'skopeo',
    keeps: kind === 'docker-archive' ? UNPACKED : { manifest: 'image', layers: true, rewrites: OF_DOCKER },
    cannot:
      kind === 'docker-archive'
        ? [NO_ZSTD, NOT_STORED, NO_NESTED, NO_SIGNATURE, ...NO_ARTIFACTS]
        : [NO_NESTED],
    // Without a name: `RepoTags` is null, and no reference is in the index.
    write: async (image, path) => {
      await skopeo(PLAIN, `docker://${image}`, `${kind}:${path}`);
      return `${kind}:${path}`;
    },
  })),
  ...['docker-archive', 'oci-archive'].map((format): ArchiveTool => ({
    name: `podman save --format ${format}`,
    program: 'podman',
    keeps: format === 'docker-archive' ? UNPACKED : { layers: false, rewrites: OF_DOCKER },
    cannot: [
      NOT_STORED,
      NO_NESTED,
      ['signature', /unexpected EOF/],
      ...NO_ARTIFACTS,
      ...(format === 'docker-archive' ? [NO_ZSTD] : []),
    ],
    write: async (image, path) => {
      const store = newStore(path);
      await podman(store, ['pull', '-q', '--tls-verify=false', image]);
      await podman(store, ['save', '-q', '--format', format, '-o', path, image]);
      return `${format}:${path}`;
    },
  })),
  {
    name: 'oras copy --to-oci-layout',
    program: 'oras',
    keeps: WHOLE,
    cannot: [],
    // It lists the children of an index beside it.
    write: async (image, path) => {
      await must('oras', ['copy', '--from-plain-http', '--to-oci-layout', image, `${path}:1`]);
      return `oci:${path}:1`;
    },
  },
];

let stores = 0;

/** A name for a store of podman beside a file. Podman wants a short one. */
function newStore(file: string): string {
  stores += 1;
  return join(dirname(file), `p${stores}`);
}

async function podman(store: string, args: readonly string[]): Promise<string> {
  const where = ['--storage-driver', 'vfs', '--root', `${store}.root`, '--runroot', `${store}.run`];
  return must('podman', [...where, '--cgroup-manager', 'cgroupfs', ...args]);
}

/** What puts an archive of ours into a registry, and resolves to nothing. */
export interface ArchiveReader {
  readonly name: string;
  readonly program: string;
  readonly keeps: Keeps;
  readonly cannot: Cannot;
  /** From an archive of `images save` to `HOST:PORT/NAME:1`. `name`: what the archive calls the image. */
  read(file: string, image: string, name: string): Promise<unknown>;
}

interface IndexJson {
  readonly manifests: readonly { readonly digest: string }[];
}

const PLAIN_TARGET = '--dest-tls-verify=false';

export const READERS: readonly ArchiveReader[] = [
  {
    name: 'crane push',
    program: 'crane',
    keeps: PARTS,
    cannot: NO_PARTS,
    read: (file, image) => must('crane', ['push', file, image]),
  },
  ...['docker-archive', 'oci-archive'].map((kind): ArchiveReader => ({
    name: `skopeo copy ${kind}:`,
    program: 'skopeo',
    // skopeo takes all layers of a docker-archive for uncompressed ones, and makes an OCI image of those with zstd.
    keeps:
      kind === 'oci-archive' ? { manifest: 'image', layers: true } : { layers: false, rewrites: ['zstd'] },
    cannot: kind === 'oci-archive' ? [NO_NESTED] : NO_PARTS,
    // It would put other layers with the same content in place of ours, which it knows from other copies.
    read: (file, image) =>
      skopeo(
        PLAIN_TARGET,
        ...(kind === 'oci-archive' ? ['--preserve-digests'] : []),
        `${kind}:${file}`,
        `docker://${image}`,
      ),
  })),
  {
    name: 'podman load',
    program: 'podman',
    keeps: UNPACKED,
    cannot: [...NO_PARTS, ['signature', /payload does not match any of the supported image formats/]],
    read: async (file, image, name) => {
      const store = newStore(file);
      await podman(store, ['load', '-q', '-i', file]);
      await podman(store, ['push', '-q', '--tls-verify=false', name, `docker://${image}`]);
    },
  },
  {
    name: 'oras copy --from-oci-layout',
    program: 'oras',
    keeps: WHOLE,
    cannot: [],
    read: async (file, image) => {
      const { manifests } = JSON.parse(await must('tar', ['-xOf', file, 'index.json'])) as IndexJson;
      const from = `${file}@${manifests[0]?.digest}`;
      await must('oras', ['copy', '--from-oci-layout', '--to-plain-http', from, image]);
    },
  },
];
