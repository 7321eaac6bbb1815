import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { exists } from '../../lib/files/exists.ts';
import { AppError } from '../../lib/errors.ts';
import { parseEndpoint, type Endpoint } from '../x509/subject-names.ts';
import { TRUST_CLIENTS, type TrustClient } from './plan.ts';
import type { SystemLayout, ClientMachine } from './stores/store.ts';

/** This machine, and the user that runs this process. */
export async function thisMachine(configHome: string | undefined, root = '/'): Promise<ClientMachine> {
  const home = homedir();
  return {
    root,
    isRoot: userInfo().uid === 0,
    home,
    configHome: configHome ?? join(home, '.config'),
    layout: await systemLayout(root),
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

/** Throws AppError TRUST_FAILED if this user can't write the store: the system store needs root. */
export function checkRights(client: TrustClient, machine: ClientMachine): void {
  if (client !== 'system' || machine.isRoot) return;
  throw new AppError('TRUST_FAILED', {
    message: 'Only root can change the trust store of the system.',
    hint: 'Run the same command with sudo.',
  });
}

async function systemLayout(root: string): Promise<SystemLayout> {
  return (await exists(join(root, 'etc/pki/ca-trust/source/anchors'))) ? 'redhat' : 'debian';
}

function wildcardFault({ name }: Endpoint): string | undefined {
  return name.value.startsWith('*') ? 'it has a wildcard' : undefined;
}
