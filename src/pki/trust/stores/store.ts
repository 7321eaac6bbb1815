import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Endpoint } from '../../x509/subject-names.ts';

/** How the operating system keeps its trust store. `bundle`: one file, and no program that maintains it. */
export type SystemLayout = 'debian' | 'redhat' | 'arch' | 'suse' | 'bundle';

type Platform = 'linux' | 'darwin' | 'win32';

/** The machine whose trust stores are written, and the user for whom. */
export interface ClientMachine {
  readonly platform: Platform;
  /** The folder that stands for `/`. */
  readonly root: string;
  /** Root writes the files of the machine, every other user those of rootless clients. */
  readonly isRoot: boolean;
  readonly home: string;
  /** XDG_CONFIG_HOME, or `.config` in the home folder. */
  readonly configHome: string;
  /** DOCKER_CONFIG, or `.docker` in the home folder. */
  readonly dockerConfig: string;
  /** XDG_RUNTIME_DIR; undefined where nobody has logged in. */
  readonly runtimeFolder: string | undefined;
  readonly layout: SystemLayout;
  /** The folders that programs are looked for in: those of PATH, and the sbin folders, which a user's PATH may lack. */
  readonly programFolders: readonly string[];
  /** The folders with a certificate database of NSS, which Firefox and Chromium keep for each user. */
  readonly nssFolders: readonly string[];
}

/** Which CA a machine is to trust for which registry. */
export interface TrustRequest {
  readonly endpoint: Endpoint;
  /** PEM of the CA certificate. */
  readonly authority: string;
  readonly machine: ClientMachine;
}

export type StoreCommand = readonly [string, ...string[]];

interface StoreFile {
  readonly path: string;
  readonly content: string;
}

/** A part of a file that others write to as well. */
export type SharedPart =
  | {
      /** Lines between two marks, at the end of the file. */
      readonly kind: 'block';
      /** Stands in the marks: one block for each name. */
      readonly name: string;
      readonly content: string;
      /** A text that must not stand in the rest of the file, since the program would refuse or ignore the block. */
      readonly clash?: string;
    }
  | {
      /** A text at a key of a YAML file. */
      readonly kind: 'yaml';
      readonly at: readonly string[];
      readonly value: string;
    };

/** A program that has to be told. */
interface StoreProgram {
  readonly install: StoreCommand;
  readonly undo: StoreCommand;
  /** Exits with 0 if the program knows the CA. Without it the commands run if a file has changed. */
  readonly probe?: StoreCommand;
}

/** By what one trust store trusts a CA for a registry. */
export interface StoreContent {
  /** The files that are ours alone. The CA certificate first; never a key. */
  readonly files: readonly StoreFile[];
  readonly shared?: readonly { readonly path: string; readonly part: SharedPart }[];
  readonly programs?: readonly StoreProgram[];
  /** What has to be put into a file that no program can edit safely, and where. */
  readonly byHand?: readonly { readonly where: string; readonly text: string }[];
  /** What the user has to know or to do afterwards, one sentence each. */
  readonly notes: readonly string[];
  readonly undoNotes?: readonly string[];
}

/** One kind of client and where it looks for CA certificates. */
export interface TrustStore {
  /** Who can write it: root, every user but root, or both, each for himself. */
  readonly writer: 'root' | 'user' | 'both';
  /** Default: Linux alone. */
  readonly platforms?: readonly Platform[];
  /** What shows that the client is installed: one of these programs or paths. None of them: it can't be seen. */
  readonly signs: {
    readonly programs?: readonly string[];
    readonly paths?: (machine: ClientMachine) => readonly string[];
  };
  readonly content: (request: TrustRequest) => StoreContent;
}

/**
 * The name of a registry in image names, and of its folder in `certs.d`: `registry.lan`, `registry.lan:5000`,
 * `[::1]:5000`. Port 443 is left out.
 */
export function registryName({ name, port }: Endpoint): string {
  const host = name.kind === 'ip' && name.value.includes(':') ? `[${name.value}]` : name.value;
  return port === undefined || port === 443 ? host : `${host}:${port}`;
}

/** The name of a registry for a file of its own: `registry-gate-registry.lan-5000`. */
export function fileName(endpoint: Endpoint): string {
  return `registry-gate-${registryName(endpoint).replaceAll(/[^a-z0-9.-]+/g, '-')}`;
}

/** The CA certificate in a folder of ours, for programs that are told a path. */
export function ownFile({ endpoint, authority, machine }: TrustRequest): StoreFile {
  return { path: join(ownFolder(machine), `${fileName(endpoint)}.crt`), content: authority };
}

/** The folder of ours: that of the machine for root, else that of the user. */
export function ownFolder({ root, isRoot, configHome }: ClientMachine): string {
  return isRoot ? join(root, 'etc/registry-gate/trust') : join(configHome, 'registry-gate/trust');
}

/** A digest of the certificate in hexadecimal, as programs that keep certificates name them. */
export function certificateDigest(pem: string, algorithm: 'sha1' | 'sha256'): string {
  const body = pem.replaceAll(/-----[^-]+-----|\s/g, '');
  return createHash(algorithm).update(Buffer.from(body, 'base64')).digest('hex');
}

/** The name of the CA in a store that keeps certificates by name. A successor has another one. */
export function entryName({ endpoint, authority }: TrustRequest): string {
  return `${fileName(endpoint)}-${certificateDigest(authority, 'sha256').slice(0, 8)}`;
}
