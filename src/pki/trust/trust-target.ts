import { readdir } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { platform } from 'node:process';
import { exists } from '../../lib/files/exists.ts';
import { AppError } from '../../lib/errors.ts';
import { parseEndpoint, type Endpoint } from '../x509/subject-names.ts';
import { mayWrite } from './installed.ts';
import type { ClientMachine, SystemLayout } from './stores/store.ts';
import { STORES, TRUST_CLIENTS, type TrustClient } from './clients.ts';

/** What tells a layout: a path that only one kind of system has, in the order in which they are asked for. */
const LAYOUT_SIGNS: readonly (readonly [SystemLayout, string])[] = [
  ['redhat', 'etc/pki/ca-trust/source/anchors'],
  ['suse', 'etc/pki/trust/anchors'],
  ['arch', 'etc/ca-certificates/trust-source/anchors'],
  ['debian', 'usr/sbin/update-ca-certificates'],
  ['bundle', 'etc/ssl/certs/ca-certificates.crt'],
];

/** Folders of profiles, each with a database of NSS or not, below the home folder. */
const PROFILES = [
  '.mozilla/firefox',
  '.config/mozilla/firefox',
  'snap/firefox/common/.mozilla/firefox',
  'Library/Application Support/Firefox/Profiles',
];

/** This machine, and the user that runs this process. `env` is the environment, `root` the folder that stands for `/`. */
export async function thisMachine(
  env: Readonly<Record<string, string | undefined>>,
  root = '/',
): Promise<ClientMachine> {
  const home = homedir();
  return {
    platform: platform === 'darwin' || platform === 'win32' ? platform : 'linux',
    root,
    isRoot: userInfo().uid === 0,
    home,
    configHome: env['XDG_CONFIG_HOME'] || join(home, '.config'),
    dockerConfig: env['DOCKER_CONFIG'] || join(home, '.docker'),
    runtimeFolder: env['XDG_RUNTIME_DIR'] || undefined,
    layout: await systemLayout(root),
    programFolders: [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(Boolean),
    nssFolders: await findNssFolders(home),
  };
}

/** Parses the registry to trust. Throws AppError HOST_INVALID, also for a wildcard: a folder in certs.d is for one host. */
export function parseRegistry(text: string): Endpoint {
  const endpoint = parseEndpoint(text);
  const reason = endpoint.kind === 'invalid' ? endpoint.reason : wildcardFault(endpoint);
  if (endpoint.kind === 'endpoint' && reason === undefined) return endpoint;
  throw new AppError('HOST_INVALID', {
    message: `"${text}" is not a registry that can be trusted: ${reason ?? 'it is not a host'}.`,
    hint: 'Write it as in image names: registry.lan, registry.lan:5000, 10.0.0.5',
  });
}

/** The name of a client. Throws AppError USAGE. */
export function parseClient(text: string): TrustClient {
  const client = TRUST_CLIENTS.find((name) => name === text);
  if (client !== undefined) return client;
  throw new AppError('USAGE', {
    message: `"${text}" is not a client that this command knows.`,
    hint: `Choose one of ${TRUST_CLIENTS.join(', ')}.`,
  });
}

/** Throws AppError TRUST_FAILED if the store is one of another kind of system, or not one of this user. */
export function checkRights(client: TrustClient, machine: ClientMachine): void {
  const { platforms = ['linux'], writer } = STORES[client];
  if (!platforms.includes(machine.platform)) {
    throw new AppError('TRUST_FAILED', {
      message: `${client} is for another operating system than this machine's.`,
      hint: 'Run the same command there. To look at what it does, add --dry-run.',
    });
  }
  if (mayWrite(client, machine)) return;
  throw new AppError('TRUST_FAILED', {
    message:
      writer === 'root'
        ? `Only root can make ${client} trust a CA.`
        : `${client} belongs to one user, and this is root.`,
    hint:
      writer === 'root'
        ? 'Run the same command with sudo.'
        : 'Run the same command without sudo, as the user that runs it.',
  });
}

async function systemLayout(root: string): Promise<SystemLayout> {
  for (const [layout, sign] of LAYOUT_SIGNS) if (await exists(join(root, sign))) return layout;
  return 'debian';
}

/** Databases of NSS of this user: `cert9.db` is that of the SQL format, which everything of today has. */
async function findNssFolders(home: string): Promise<readonly string[]> {
  const profiles = await Promise.all(
    PROFILES.map(async (base) => {
      const names = await readdir(join(home, base)).catch(() => []);
      return names.map((name) => join(home, base, name));
    }),
  );
  const folders = [...profiles.flat(), join(home, '.pki/nssdb')];
  const has = await Promise.all(folders.map((folder) => exists(join(folder, 'cert9.db'))));
  return folders.filter((_folder, at) => has[at]);
}

function wildcardFault({ name }: Endpoint): string | undefined {
  return name.value.startsWith('*') ? 'it has a wildcard' : undefined;
}
