import { hash } from 'bcrypt';
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { md5Crypt } from '../src/auth/passwords/md5-crypt.ts';
import { must } from '../test/support/programs.ts';

export const MIB = 1024 * 1024;
export const USER = 'alice';
export const PASSWORD = 'correct horse battery';
export const REPOSITORY = 'bench/app';

/** How the user's password is stored, and who else is in the file. */
export type UsersKind = 'apr1' | 'bcrypt5' | 'bcrypt12' | 'guessed' | `many-${number}`;

export interface Blob {
  readonly digest: string;
  readonly bytes: number;
  readonly path: string;
}

/** What all contenders stand on: one certificate, one set of users, the same blobs. */
export interface Fixture {
  readonly folder: string;
  /** ca.crt, domain.crt, domain.key. */
  readonly certs: string;
  hash(kind: UsersKind): string;
  /** The htpasswd file. */
  users(kind: UsersKind): string;
  /** A blob of noise of so many MiB, in the tree of the static backend. */
  blob(size: number): Promise<Blob>;
  /** An access file of so many rules, of which the last one is for the repository of these measurements. */
  rules(count: number): Promise<string>;
}

/** How many users there may be besides one. */
export const USER_COUNTS = [10, 100, 1000, 10_000] as const;
/** Users whose passwords are guessed at, in files of the kind `guessed`. */
export const GUESSED = 50;
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** The program as the package holds it; `npm run bench` builds it first. */
export const BUILT = resolve(import.meta.dirname, '../dist/main.js');

export async function makeFixture(folder: string): Promise<Fixture> {
  const certs = join(folder, 'certs');
  await must(process.execPath, [BUILT, 'certs', 'init', '--host', '127.0.0.1', '--certs', certs]);
  const hashes = {
    apr1: apr1(),
    bcrypt5: await bcrypt(5),
    bcrypt12: await bcrypt(12),
    guessed: await bcrypt(10),
  };
  const hash = (kind: UsersKind): string => hashes[isMany(kind) ? 'apr1' : kind];
  const users = (kind: UsersKind): string => join(folder, `htpasswd-${kind}`);
  const many = USER_COUNTS.map((count) => `many-${count}` as const);
  for (const kind of ['apr1', 'bcrypt5', 'bcrypt12', 'guessed', ...many] as const) {
    await writeFile(users(kind), htpasswd(kind, hash(kind)));
  }
  await makeTree(folder);
  const blobs = new Map<number, Promise<Blob>>();
  const blob = (size: number): Promise<Blob> => {
    const made = blobs.get(size) ?? makeBlob(folder, size);
    blobs.set(size, made);
    return made;
  };
  return { folder, certs, hash, users, blob, rules: (count) => writeRules(folder, count) };
}

/** Names in the order in which they stand in the files: whoever reads from the top comes to the user last. */
export function namesOf(kind: UsersKind): readonly string[] {
  const others = isMany(kind) ? Number(kind.slice(5)) - 1 : kind === 'guessed' ? GUESSED : 0;
  return [...Array.from({ length: others }, (_, at) => `user${at}`), USER];
}

function isMany(kind: UsersKind): kind is `many-${number}` {
  return kind.startsWith('many-');
}

function htpasswd(kind: UsersKind, text: string): string {
  return namesOf(kind)
    .map((name) => `${name}:${text}\n`)
    .join('');
}

/** As `htpasswd -m` writes it. */
function apr1(): string {
  return md5Crypt(Buffer.from(PASSWORD), '$apr1$6Vd2kqE1$');
}

/** As `htpasswd -B` writes it. */
async function bcrypt(cost: number): Promise<string> {
  return (await hash(PASSWORD, cost)).replace('$2b$', '$2y$');
}

/** What the static backend serves: the start page of the API and a manifest, besides the blobs. */
async function makeTree(folder: string): Promise<void> {
  const manifests = join(folder, 'tree/v2', REPOSITORY, 'manifests');
  await mkdir(manifests, { recursive: true });
  await mkdir(join(folder, 'tree/v2', REPOSITORY, 'blobs'), { recursive: true });
  const layers = Array.from({ length: 12 }, (_, at) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: `sha256:${createHash('sha256').update(String(at)).digest('hex')}`,
    size: 4096 + at,
  }));
  const [config] = layers;
  const manifest = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers };
  await writeFile(join(manifests, 'latest'), JSON.stringify(manifest, undefined, 2));
}

async function makeBlob(folder: string, size: number): Promise<Blob> {
  const draft = join(folder, `blob-${size}`);
  const out = createWriteStream(draft);
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const zeros = Buffer.alloc(MIB);
  const sum = createHash('sha256');
  for (let at = 0; at < size; at += 1) {
    const noise = cipher.update(zeros);
    sum.update(noise);
    await new Promise<void>((resolve, reject) =>
      out.write(noise, (error) => (error === null || error === undefined ? resolve() : reject(error))),
    );
  }
  await new Promise<void>((resolve) => void out.end(() => resolve()));
  const digest = `sha256:${sum.digest('hex')}`;
  const path = join(folder, 'tree/v2', REPOSITORY, 'blobs', digest);
  await must('mv', [draft, path]);
  return { digest, bytes: size * MIB, path };
}

async function writeRules(folder: string, count: number): Promise<string> {
  const names = Array.from({ length: count - 1 }, (_, at) => `team${at}/**`);
  const rules = [...names, 'bench/**'].map((repositories) => ({
    who: USER,
    repositories,
    allow: ['pull', 'push'],
  }));
  const path = join(folder, `access-${count}.yml`);
  // JSON is YAML.
  await writeFile(path, JSON.stringify({ rules }, undefined, 1));
  return path;
}

/** Takes a blob out of a registry's folder, so that the next push of it is a first one. */
export async function forget(data: string, { digest }: Pick<Blob, 'digest'>): Promise<void> {
  const hex = digest.slice(7);
  const root = join(data, 'docker/registry/v2');
  await rm(join(root, 'blobs/sha256', hex.slice(0, 2), hex), { recursive: true, force: true });
  await rm(join(root, 'repositories', REPOSITORY, '_layers/sha256', hex), { recursive: true, force: true });
}

export async function authorityOf({ certs }: Pick<Fixture, 'certs'>): Promise<string> {
  return readFile(join(certs, 'ca.crt'), 'utf8');
}
