import { access, constants } from 'node:fs/promises';
import { loadAccess } from '../../app/auth/access.ts';
import { inspectBackend } from '../../app/backend/inspect-backend.ts';
import { readUsersFile } from '../../auth/users/users-file.ts';
import { entriesOf } from '../../auth/users/htpasswd-file.ts';
import type { Config } from '../../config/schema/schema.ts';
import { renderBackend } from '../../config/values/backend-url.ts';
import { renderListenAddress } from '../../config/values/listen-address.ts';
import type { Here } from '../../doctor/checks/route.ts';
import type { BackendFacts } from '../../doctor/checks/backend.ts';
import { ask } from '../../doctor/facts/ask.ts';
import { readDescriptorLimit, readDisk, readListen, readMode } from '../../doctor/facts/machine.ts';
import { isRegistry } from '../../doctor/facts/network.ts';
import { hasHttpSecret } from '../../doctor/facts/registry-process.ts';
import type { Found, ServerFacts } from '../../doctor/examine/server.ts';
import { openRegistry } from '../../images/client/open-registry.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { nearestExisting, ownershipCure } from '../../lib/files/ownership.ts';
import { checkRuntime, type Runtime } from '../../lib/node/runtime-check.ts';
import { isThisMachine, ownAddresses } from '../../lib/own-addresses.ts';
import { certificatePaths } from '../../pki/authority/cert-store.ts';
import { readStatus } from '../../pki/authority/status.ts';

/** Reads all that concerns the server of a configuration. Writes nothing. */
export async function readServer(config: Config, platform: Runtime, here: Here): Promise<ServerFacts> {
  const { certificate, key } = config.tls;
  const own = certificate === undefined || key === undefined ? {} : { certificate, key };
  const paths = certificatePaths(config.certs);
  return {
    here,
    node: { version: platform.nodeVersion, fault: faultOf(() => checkRuntime(platform)) },
    descriptorLimit: await readDescriptorLimit(),
    certificate: await found(() => readStatus({ directory: config.certs, ...own }, new Date())),
    users: await found(() => readUsers(config.users)),
    access: config.access === undefined ? undefined : await found(() => readAccess(config)),
    secrets: await Promise.all([key ?? paths.key, paths.authorityKey, config.users].map(readMode)),
    state: { path: config.state, fault: await writeFault(config.state) },
    backend: await found(() => readBackend(config)),
    disks: await readDisks(config),
    listens: await Promise.all(
      config.listen
        .filter(({ fd, port }) => fd === undefined && port !== 0)
        .map((address) =>
          readListen({ ...address, text: renderListenAddress(address), isRoot: here.isRoot }),
        ),
    ),
  };
}

async function found<T>(read: () => Promise<T>): Promise<Found<T>> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

function faultOf(check: () => void): AppError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

async function readUsers(path: string) {
  const { document } = await readUsersFile(path);
  const entries = entriesOf(document);
  const weak = entries.filter(({ hash }) => hash.weakness !== undefined).map(({ name }) => name);
  return { path, count: entries.length, weak };
}

async function readAccess({ access: path = '', users }: Config) {
  const names = await readUsersFile(users).catch(() => undefined);
  const byName = names && new Map(entriesOf(names.document).map((entry) => [entry.name, entry]));
  return { path, warnings: (await loadAccess(path, { users: byName })).warnings };
}

/** Why a directory can't be written; undefined if it can. One that does not exist is made by the gate. */
async function writeFault(directory: string): Promise<AppError | undefined> {
  try {
    await access(nearestExisting(directory), constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return new AppError('FILE_UNWRITABLE', {
      message: `${directory} can't be written (${systemCode(error) ?? String(error)})`,
      hint: ownershipCure(directory, 'write'),
      cause: error,
    });
  }
}

async function readDisks({ backend, certs, state, cache }: Config): Promise<ServerFacts['disks']> {
  const disks = await Promise.all([
    backend.kind === 'embedded' ? readDisk('images', backend.directory) : undefined,
    readDisk('certificates', certs),
    state === certs ? undefined : readDisk('state', state),
    cache.directory === undefined ? undefined : readDisk('cache', cache.directory),
  ]);
  return disks.filter((disk) => disk !== undefined);
}

async function readBackend(config: Config): Promise<BackendFacts> {
  const { backend } = config;
  const text = renderBackend(backend);
  const none = { text, openAt: undefined, deletes: undefined, hasSecret: undefined };
  if (backend.kind === 'embedded') {
    const fault = await writeFault(backend.directory);
    const reason = fault && { reason: fault.message, cure: fault.hint };
    return { ...none, isEmbedded: true, port: undefined, fault: reason };
  }
  const failure = (await inspectBackend(config))?.failure;
  const fault = failure && { reason: failure.reason, cure: failure.cure };
  const deletes = fault === undefined ? await asksToDelete(config) : undefined;
  if (backend.kind === 'unix') return { ...none, isEmbedded: false, port: undefined, fault, deletes };
  const { host, port } = backend;
  const isHere = isThisMachine(host);
  return {
    text,
    isEmbedded: false,
    port,
    fault,
    openAt: isHere ? await findOpen(port, backend.kind === 'https') : undefined,
    deletes,
    hasSecret: isHere ? await hasHttpSecret(port) : undefined,
  };
}

/** The addresses by which other machines reach this one, and at which a registry answers on this port. */
async function findOpen(port: number, isTls: boolean): Promise<readonly string[]> {
  const addresses = ownAddresses().filter(
    ({ internal, address }) => !internal && !address.toLowerCase().startsWith('fe80:'),
  );
  const answers = await Promise.all(
    addresses.map(async ({ address }) => ({
      address,
      answer: await ask({ address, port, host: address }, '/v2/', isTls),
    })),
  );
  return answers.flatMap(({ address, answer }) =>
    answer.kind === 'answer' && (answer.status === 200 || isRegistry(answer)) ? [address] : [],
  );
}

const NOBODY = `sha256:${'0'.repeat(64)}`;

/** Asks a registry without a password to delete what nobody has. Undefined where it wants a password, or TLS of its own. */
async function asksToDelete({ backend }: Config): Promise<boolean | undefined> {
  const place = placeOf(backend);
  if (place === undefined) return undefined;
  const registry = openRegistry({ ...place, isPlain: true, pauses: { attempts: 1 } });
  try {
    return (await registry.repository('registry-gate-doctor').deleteManifest(NOBODY)) !== 'unsupported';
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  } finally {
    await registry.close();
  }
}

function placeOf(
  backend: Config['backend'],
): { readonly name: string; readonly socketPath?: string } | undefined {
  if (backend.kind === 'unix') return { name: 'localhost', socketPath: backend.path };
  if (backend.kind !== 'http' || backend.prefix !== undefined) return undefined;
  const host = backend.host.includes(':') ? `[${backend.host}]` : backend.host;
  return { name: `${host}:${backend.port}` };
}
