import { dirname, join } from 'node:path';
import { must } from './programs.ts';

/** What of an image stays with its digest. The tars of layers always do. */
export interface Keeps {
  readonly layers: boolean;
  /** False where an image of Docker's schema 2 is made one of OCI, with another config. */
  readonly schema2: boolean;
}

const ALL: Keeps = { layers: true, schema2: true };
const UNPACKED: Keeps = { layers: false, schema2: true };

/** A program that keeps images in files. */
export interface ArchiveTool {
  readonly name: string;
  readonly program: string;
  readonly keeps: Keeps;
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
    keeps: format === 'tarball' ? ALL : UNPACKED,
    write: async (image, path) => {
      await must('crane', ['pull', '--format', format, image, path]);
      return `docker-archive:${path}`;
    },
  })),
  {
    name: 'crane pull --format oci',
    program: 'crane',
    keeps: ALL,
    write: async (image, path) => {
      await must('crane', ['pull', '--format', 'oci', image, path]);
      return `oci:${path}`;
    },
  },
  ...['docker-archive', 'oci-archive', 'oci'].map((kind): ArchiveTool => ({
    name: `skopeo copy ${kind}:`,
    program: 'skopeo',
    keeps: kind === 'docker-archive' ? UNPACKED : { layers: true, schema2: false },
    // Without a name: `RepoTags` is null, and no reference is in the index.
    write: async (image, path) => {
      await skopeo(PLAIN, `docker://${image}`, `${kind}:${path}`);
      return `${kind}:${path}`;
    },
  })),
  ...['docker-archive', 'oci-archive'].map((format): ArchiveTool => ({
    name: `podman save --format ${format}`,
    program: 'podman',
    keeps: { layers: false, schema2: format === 'docker-archive' },
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
    keeps: ALL,
    write: async (image, path) => {
      await must('oras', ['copy', '--from-plain-http', '--to-oci-layout', image, `${path}:1`]);
      return `oci:${path}`;
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
    keeps: ALL,
    read: (file, image) => must('crane', ['push', file, image]),
  },
  ...['docker-archive', 'oci-archive'].map((kind): ArchiveReader => ({
    name: `skopeo copy ${kind}:`,
    program: 'skopeo',
    // skopeo takes all layers of a docker-archive for uncompressed ones.
    keeps: kind === 'oci-archive' ? ALL : UNPACKED,
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
    read: async (file, image, name) => {
      const store = newStore(file);
      await podman(store, ['load', '-q', '-i', file]);
      await podman(store, ['push', '-q', '--tls-verify=false', name, `docker://${image}`]);
    },
  },
  {
    name: 'oras copy --from-oci-layout',
    program: 'oras',
    keeps: ALL,
    read: async (file, image) => {
      const { manifests } = JSON.parse(await must('tar', ['-xOf', file, 'index.json'])) as IndexJson;
      const from = `${file}@${manifests[0]?.digest}`;
      await must('oras', ['copy', '--from-oci-layout', '--to-plain-http', from, image]);
    },
  },
];
