import { join } from 'node:path';
import type { Endpoint } from '../x509/subject-names.ts';

/** The clients that keep trust of their own, and the store of the operating system. */
export const TRUST_CLIENTS = ['docker', 'podman', 'containerd', 'system'] as const;
export type TrustClient = (typeof TRUST_CLIENTS)[number];

/** How the operating system keeps its trust store. */
export type SystemLayout = 'debian' | 'redhat';

/** Whose files are written, and where they begin. */
export interface ClientMachine {
  /** Folder that stands for `/`. */
  readonly root: string;
  /** Whether this runs as root: the machine's files; otherwise those of a rootless client. */
  readonly isRoot: boolean;
  readonly home: string;
  /** XDG_CONFIG_HOME, or `.config` in the home folder. */
  readonly configHome: string;
  readonly layout: SystemLayout;
}

export interface TrustPlanOptions {
  readonly client: TrustClient;
  readonly endpoint: Endpoint;
  /** PEM of the CA certificate. */
  readonly authority: string;
  readonly machine: ClientMachine;
}

/** One thing to do. `remove` removes only a file that holds just this content. */
export type TrustStep =
  | { readonly action: 'write'; readonly path: string; readonly content: string }
  | { readonly action: 'remove'; readonly path: string; readonly content: string }
  | { readonly action: 'run'; readonly command: readonly [string, ...string[]] };

/** What is done for one client, and what a person has to know or to do afterwards. */
export interface TrustPlan {
  readonly steps: readonly TrustStep[];
  readonly notes: readonly string[];
}

interface Files {
  /** The CA certificate first; never a key. */
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly refresh?: {
    readonly install: readonly [string, ...string[]];
    readonly undo: readonly [string, ...string[]];
  };
  readonly notes: readonly string[];
}

const SYSTEM = {
  debian: {
    folder: 'usr/local/share/ca-certificates',
    install: ['update-ca-certificates'],
    undo: ['update-ca-certificates', '--fresh'],
  },
  redhat: {
    folder: 'etc/pki/ca-trust/source/anchors',
    install: ['update-ca-trust', 'extract'],
    undo: ['update-ca-trust', 'extract'],
  },
} as const;

/** What makes this client trust the CA for this registry. Pure: looks at nothing, changes nothing. */
export function planTrust(options: TrustPlanOptions): TrustPlan {
  const { files, refresh, notes } = filesFor(options);
  const writes = files.map((file): TrustStep => ({ action: 'write', ...file }));
  return {
    steps: refresh === undefined ? writes : [...writes, { action: 'run', command: refresh.install }],
    notes,
  };
}

/** What takes back planTrust, and nothing that somebody else wrote. */
export function planUndo(options: TrustPlanOptions): TrustPlan {
  const { files, refresh } = filesFor(options);
  const removals = files.toReversed().map((file): TrustStep => ({ action: 'remove', ...file }));
  const notes =
    options.client === 'system' ? ['Restart Docker for it to notice: systemctl restart docker'] : [];
  return {
    steps: refresh === undefined ? removals : [...removals, { action: 'run', command: refresh.undo }],
    notes,
  };
}

/** `registry.lan`, `registry.lan:5000`, `[::1]:5000`: as clients type it, which names their folder. 443 is left out. */
export function registryName({ name, port }: Endpoint): string {
  const host = name.kind === 'ip' && name.value.includes(':') ? `[${name.value}]` : name.value;
  return port === undefined || port === 443 ? host : `${host}:${port}`;
}

function filesFor(options: TrustPlanOptions): Files {
  switch (options.client) {
    case 'docker':
      return dockerFiles(options);
    case 'podman':
      return podmanFiles(options);
    case 'containerd':
      return containerdFiles(options);
    case 'system':
      return systemFiles(options);
  }
}

function dockerFiles({ endpoint, authority, machine: place }: TrustPlanOptions): Files {
  const base = place.isRoot ? join(place.root, 'etc/docker') : join(place.configHome, 'docker');
  return {
    files: [{ path: join(base, 'certs.d', registryName(endpoint), 'ca.crt'), content: authority }],
    notes: place.isRoot
      ? ['Docker reads it at the next login, push or pull; no restart.']
      : ['This is for rootless Docker. For the Docker daemon of the machine, run the same with sudo.'],
  };
}

function podmanFiles({ endpoint, authority, machine: place }: TrustPlanOptions): Files {
  const base = place.isRoot ? join(place.root, 'etc/containers') : join(place.home, '.config/containers');
  return {
    files: [{ path: join(base, 'certs.d', registryName(endpoint), 'ca.crt'), content: authority }],
    notes: ['podman, buildah and skopeo read it at once.'],
  };
}

function containerdFiles({ endpoint, authority, machine: place }: TrustPlanOptions): Files {
  const base = place.isRoot ? join(place.root, 'etc/containerd') : join(place.configHome, 'containerd');
  const folder = join(base, 'certs.d', registryName(endpoint));
  const certificate = join(folder, 'ca.crt');
  const hosts = `server = "https://${registryName(endpoint)}"\nca = ${JSON.stringify(certificate)}\n`;
  return {
    files: [
      { path: certificate, content: authority },
      { path: join(folder, 'hosts.toml'), content: hosts },
    ],
    notes: [
      `containerd reads it at once where its config.toml has config_path = "${join(base, 'certs.d')}"; set that and restart containerd once where it has not.`,
    ],
  };
}

function systemFiles({ endpoint, authority, machine: place }: TrustPlanOptions): Files {
  const { folder, install, undo } = SYSTEM[place.layout];
  const file = `registry-gate-${registryName(endpoint).replaceAll(/[^a-z0-9.-]+/g, '-')}.crt`;
  return {
    files: [{ path: join(place.root, folder, file), content: authority }],
    refresh: { install, undo },
    notes: [
      'Programs that run already keep their old list: restart Docker with systemctl restart docker (a reload is not enough).',
      'This machine now trusts the CA for every name that it signs, not for the registry alone.',
    ],
  };
}
