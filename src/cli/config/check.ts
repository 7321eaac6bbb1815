import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/schema/schema.ts';
import { renderBackend } from '../../config/values/backend-url.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { isForbidden, nearestExisting, ownershipCure } from '../../lib/files/ownership.ts';
import { inspectBackend } from '../../app/backend/inspect-backend.ts';
import { loadServerCertificate } from '../../pki/authority/server-certificate.ts';
import { endingWarnings } from '../../lib/ending.ts';
import { loadAccess } from '../../app/auth/access.ts';
import { backendEndings } from '../../app/backend/backend-endings.ts';
import { exposureOf } from '../../app/backend/exposed-backend.ts';
import { backendOptions } from '../../app/backend/registry-backend.ts';
import { openUserStore } from '../../auth/users/user-store.ts';

/** What checkFiles found. */
interface FileFindings {
  /** The errors that would keep `serve` from starting. */
  readonly faults: readonly unknown[];
  /** What works but needs attention, one sentence each. */
  readonly warnings: readonly string[];
}

/** Opens the files that `serve` would open: certificate and key, users, the CAs of the backend, the access file. Writes nothing. */
export async function checkFiles(config: Config, now: Date): Promise<FileFindings> {
  const results = await Promise.allSettled([
    certificateWarnings(config, now),
    userWarnings(config),
    backendFindings(config, now),
    accessWarnings(config),
  ]);
  return {
    faults: results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])),
    warnings: results.flatMap((result) => (result.status === 'fulfilled' ? result.value : [])),
  };
}

async function certificateWarnings(
  { certs: directory, tls: { certificate, key }, caPassphraseFile: passphraseFile }: Config,
  now: Date,
): Promise<readonly string[]> {
  const own = certificate === undefined || key === undefined ? {} : { certificate, key };
  const { warnings, endings } = await loadServerCertificate({ directory, passphraseFile, ...own }, now);
  return [...warnings, ...endingWarnings(endings, now)];
}

async function userWarnings({ users }: Config): Promise<readonly string[]> {
  const { warnings } = (await openUserStore({ path: users })).current();
  return warnings.map(({ user, reason }) => (user === undefined ? reason : `user ${user}: ${reason}`));
}

/** The folder of the embedded registry need not exist: `serve` creates it. */
async function backendFindings(config: Config, now: Date): Promise<readonly string[]> {
  if (config.backend.kind !== 'embedded') await backendOptions(config);
  const endings = endingWarnings(await backendEndings(config), now);
  const exposure = await exposureOf(config.backend);
  return exposure === undefined ? endings : [exposure, ...endings];
}

/** Checks the rules against the current users. If those can't be read, userWarnings reports it. */
async function accessWarnings({ access, users }: Config): Promise<readonly string[]> {
  if (access === undefined) return [];
  const store = await openUserStore({ path: users }).catch(() => undefined);
  return (await loadAccess(access, { users: store?.current().byName })).warnings;
}

const HINT =
  'Start the registry, or name the right one with --backend URL. To use the embedded registry: --backend embedded:./data';

/** Asks the registry as a gate with this configuration would. Throws AppError BACKEND_UNREACHABLE, FILE_UNWRITABLE. */
export async function tryBackend(config: Config): Promise<void> {
  if (config.backend.kind === 'embedded') return tryFolder(config.backend.directory);
  const found = await inspectBackend(config);
  if (found?.failure === undefined) return;
  const { reason, cure } = found.failure;
  throw new AppError('BACKEND_UNREACHABLE', {
    message: `${renderBackend(config.backend)} (--backend): ${reason}.`,
    hint: cure === undefined ? HINT : `To fix it: ${cure}.\n${HINT}`,
  });
}

/** A folder that does not exist is fine where `serve` may create it. */
async function tryFolder(directory: string): Promise<void> {
  const existing = nearestExisting(directory);
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new AppError('FILE_UNWRITABLE', {
      message: `The registry in ${directory} can't be written (${systemCode(error) ?? String(error)}).`,
      hint: isForbidden(error)
        ? ownershipCure(join(directory, 'docker'), 'write', directory)
        : `Name another folder: --backend embedded:DIR`,
      cause: error,
    });
  }
}
