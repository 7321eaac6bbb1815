import { X509Certificate } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Endpoint } from '../../pki/x509/subject-names.ts';
import { STORES, type TrustClient } from '../../pki/trust/clients.ts';
import { planTrust, type TrustStep } from '../../pki/trust/plan.ts';
import { runProgram, succeeds } from '../../pki/trust/steps/run-program.ts';
import type { ClientMachine } from '../../pki/trust/stores/store.ts';

/** A certificate that a client trusts, and where it read it. */
export interface Trusted {
  readonly certificate: X509Certificate;
  readonly path: string;
}

/** A folder of `certs.d` for one registry. */
export interface CertsFolder {
  readonly path: string;
  /** Names of the files. Empty where there is no folder. */
  readonly files: readonly string[];
  /** Those folders beside it that are for the same host with another port. */
  readonly others: readonly string[];
}

/** What one client trusts for one registry. */
export interface StoreFacts {
  readonly client: TrustClient;
  /** Its folders in `certs.d`; none for clients that have no such. */
  readonly folders: readonly CertsFolder[];
  /** What it reads for this registry: its own files, and the store of the system if it looks there. */
  readonly trusted: readonly Trusted[];
  /** The list of the system, if the client looks there. */
  readonly system: string | undefined;
  /** Whether a program that keeps its own list says that it knows the CA. */
  readonly isTold: boolean;
  /** Where one part of what `certs trust` sets up is missing: the file. */
  readonly missing: string | undefined;
  /** Whether its daemon runs longer than the store of the system is as it is: then it has read an older one. */
  readonly isStale: boolean;
  /** Whether only root may change it, and this user is another one. */
  readonly needsRoot: boolean;
}

/** What the reading of trust stores needs to know of this machine. */
interface StoreContext {
  readonly endpoint: Endpoint;
  readonly machine: ClientMachine;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** PEM of the CA to look for; empty if it is not known. */
  readonly authority: string;
}

/** Clients that trust what the operating system trusts, beside their own files. */
const READ_SYSTEM: readonly TrustClient[] = [
  'docker',
  'docker-rootless',
  'podman',
  'crio',
  'containerd',
  'nerdctl',
  'k3s',
  'rke2',
  'python',
  'system',
];
/** Daemons of the machine, whoever asks. */
const OF_MACHINE: readonly TrustClient[] = ['docker', 'containerd'];
const WITH_HOSTS: readonly TrustClient[] = ['containerd', 'nerdctl'];

/** Where programs in Go, OpenSSL and GnuTLS look (Go: crypto/x509/root_linux.go), the first that exists. */
const BUNDLES = [
  'etc/ssl/certs/ca-certificates.crt',
  'etc/pki/tls/certs/ca-bundle.crt',
  'etc/ssl/ca-bundle.pem',
  'etc/pki/tls/cacert.pem',
  'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  'etc/ssl/cert.pem',
];
const BLOCK = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;
const MOST_FILES = 256;

/** Reads what a client trusts for a registry. Files that this user may not read count as absent. Never rejects. */
export async function readStore(client: TrustClient, given: StoreContext): Promise<StoreFacts> {
  const isOfMachine = STORES[client].writer === 'root' || OF_MACHINE.includes(client);
  const context = isOfMachine ? { ...given, machine: { ...given.machine, isRoot: true } } : given;
  const { endpoint, machine, authority } = context;
  const { steps } = planTrust({ client, endpoint, authority, machine });
  const folders = await readFolders(client, steps, context);
  const system = READ_SYSTEM.includes(client) ? await systemBundle(context) : undefined;
  const missing = await findMissing(steps, authority);
  return {
    client,
    folders,
    trusted: await readTrusted(client, { steps, folders, system, context }),
    system,
    isTold: missing === undefined && authority !== '' && steps.some(hasProbe),
    missing,
    isStale: client === 'docker' && system !== undefined && (await isOlder(system, machine.root)),
    needsRoot: isOfMachine && !given.machine.isRoot,
  };
}

function hasProbe(step: TrustStep): boolean {
  return step.action === 'run' && step.unless !== undefined;
}

function pathsOf(steps: readonly TrustStep[]): readonly string[] {
  return steps.flatMap((step) => ('path' in step ? [step.path] : []));
}

async function readFolders(
  client: TrustClient,
  steps: readonly TrustStep[],
  context: StoreContext,
): Promise<readonly CertsFolder[]> {
  const own = pathsOf(steps).find((path) => path.includes('/certs.d/'));
  if (own === undefined) return [];
  const places = [dirname(own), ...(client === 'podman' ? sharedFolders(context, own) : [])];
  return Promise.all([...new Set(places)].map(readFolder));
}

interface Places {
  readonly steps: readonly TrustStep[];
  readonly folders: readonly CertsFolder[];
  readonly system: string | undefined;
  readonly context: StoreContext;
}

async function readTrusted(
  client: TrustClient,
  { steps, folders, system, context }: Places,
): Promise<readonly Trusted[]> {
  const others = pathsOf(steps).filter((path) => !path.includes('/certs.d/'));
  const files = new Set([...others, ...filesIn(folders), ...named(client, context)]);
  const own = (await Promise.all([...files].map(readAll))).flat();
  const read = WITH_HOSTS.includes(client) ? await namedByHosts(own, folders) : own;
  return [...read, ...(system === undefined ? [] : await readAll(system))];
}

function filesIn(folders: readonly CertsFolder[]): readonly string[] {
  return folders.flatMap(({ path, files }) =>
    files.filter((name) => name.endsWith('.crt')).map((name) => join(path, name)),
  );
}

/** The file that Node.js is told of by its environment. */
function named(client: TrustClient, { env }: StoreContext): readonly string[] {
  const extra = client === 'node' ? (env['NODE_EXTRA_CA_CERTS'] ?? '') : '';
  return extra === '' ? [] : [extra];
}

/** The file of another program's settings that lacks our part, or the program that does not know the CA. */
async function findMissing(steps: readonly TrustStep[], authority: string): Promise<string | undefined> {
  for (const step of steps) {
    if (step.action === 'insert') {
      const text = await readFile(step.path, 'utf8').catch(() => '');
      const part = step.part.kind === 'block' ? step.part.content : step.part.value;
      if (!text.includes(part.trim())) return step.path;
    } else if (step.action === 'run' && step.unless !== undefined && authority !== '') {
      if (!(await succeeds(step.unless, runProgram))) return step.unless[0];
    }
  }
  return undefined;
}

/** Podman, buildah and skopeo also read the folders of the machine and those of Docker (containers-certs.d(5)). */
function sharedFolders({ machine }: Pick<StoreContext, 'machine'>, path: string): readonly string[] {
  const name = path.split('/').at(-2) ?? '';
  return ['etc/containers/certs.d', 'etc/docker/certs.d'].map((folder) => join(machine.root, folder, name));
}

async function readFolder(path: string): Promise<CertsFolder> {
  const files = (await readdir(path).catch(() => [])).toSorted().slice(0, MOST_FILES);
  const name = path.split('/').at(-1) ?? '';
  const host = name.replace(/:\d+$/, '');
  const beside = await readdir(dirname(path)).catch(() => []);
  const others = beside.filter((one) => one !== name && one.replace(/:\d+$/, '') === host);
  return { path, files, others: others.slice(0, MOST_FILES) };
}

async function systemBundle({ machine, env }: StoreContext): Promise<string | undefined> {
  const named = env['SSL_CERT_FILE'] ?? '';
  const paths = [...(named === '' ? [] : [named]), ...BUNDLES.map((path) => join(machine.root, path))];
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true) return path;
  }
  return undefined;
}

async function readAll(path: string): Promise<readonly Trusted[]> {
  const text = await readFile(path, 'latin1').catch(() => '');
  return (text.match(BLOCK) ?? []).flatMap((block) => {
    try {
      return [{ certificate: new X509Certificate(block), path }];
    } catch {
      // Clients skip what they can't parse.
      return [];
    }
  });
}

/** Where a folder has a hosts.toml, containerd trusts what that names, and no other file (containerd: docs/hosts.md). */
async function namedByHosts(
  trusted: readonly Trusted[],
  folders: readonly CertsFolder[],
): Promise<readonly Trusted[]> {
  const texts = new Map<string, string>();
  for (const { path, files } of folders) {
    if (files.includes('hosts.toml'))
      texts.set(path, await readFile(join(path, 'hosts.toml'), 'utf8').catch(() => ''));
  }
  return trusted.filter(({ path }) => {
    const text = texts.get(dirname(path));
    return text === undefined || text.includes(path) || text.includes(`"${path.split('/').at(-1)}"`);
  });
}

/** The engine writes its process id when it starts, and reads the store of the system once. */
async function isOlder(bundle: string, root: string): Promise<boolean> {
  const [started, changed] = await Promise.all(
    [join(root, 'run/docker.pid'), bundle].map((path) => stat(path).catch(() => undefined)),
  );
  return started !== undefined && changed !== undefined && started.mtimeMs < changed.mtimeMs;
}
