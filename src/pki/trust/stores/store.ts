import type { Endpoint } from '../../x509/subject-names.ts';

/** How the operating system keeps its trust store. */
export type SystemLayout = 'debian' | 'redhat';

/** The machine whose trust stores are written, and the user for whom. */
export interface ClientMachine {
  /** The folder that stands for `/`. */
  readonly root: string;
  /** Root writes the files of the machine, every other user those of rootless clients. */
  readonly isRoot: boolean;
  readonly home: string;
  /** XDG_CONFIG_HOME, or `.config` in the home folder. */
  readonly configHome: string;
  readonly layout: SystemLayout;
}

/** Which CA a machine is to trust for which registry. */
export interface TrustRequest {
  readonly endpoint: Endpoint;
  /** PEM of the CA certificate. */
  readonly authority: string;
  readonly machine: ClientMachine;
}

/** The files by which one trust store trusts a CA for a registry. */
export interface StoreFiles {
  /** The CA certificate first; never a key. */
  readonly files: readonly { readonly path: string; readonly content: string }[];
  /** The command that the store needs after its files have changed. */
  readonly refresh?: {
    readonly install: readonly [string, ...string[]];
    readonly undo: readonly [string, ...string[]];
  };
  /** What the user has to know or to do afterwards, one sentence each. */
  readonly notes: readonly string[];
  readonly undoNotes?: readonly string[];
}

/**
 * The name of a registry in image names, and of its folder in `certs.d`: `registry.lan`, `registry.lan:5000`,
 * `[::1]:5000`. Port 443 is left out.
 */
export function registryName({ name, port }: Endpoint): string {
  const host = name.kind === 'ip' && name.value.includes(':') ? `[${name.value}]` : name.value;
  return port === undefined || port === 443 ? host : `${host}:${port}`;
}
