import { AppError } from '../../lib/errors.ts';
import type { DirectoryStatus } from '../../pki/authority/status.ts';
import { fine, skipped, type Check } from '../check.ts';
import { checkBackend, type BackendFacts } from '../checks/backend.ts';
import { faultCheck } from '../checks/faults.ts';
import { checkExpiry, checkPermissions, checkUsers } from '../checks/files.ts';
import { checkDescriptors, checkDisk, checkListen, checkNode } from '../checks/machine.ts';
import type { Here } from '../checks/route.ts';
import type { Disk, FileMode, ListenFact } from '../facts/machine.ts';

/** What was read, or the error that a gate would end with. */
export type Found<T> = T | AppError;

/** All that was learnt about a gate on its own machine. */
export interface ServerFacts {
  readonly here: Here;
  readonly node: { readonly version: string; readonly fault: AppError | undefined };
  readonly descriptorLimit: number | undefined;
  readonly certificate: Found<DirectoryStatus>;
  /** The users file, and the names of those with a hash that is quickly guessed. */
  readonly users: Found<{ readonly path: string; readonly count: number; readonly weak: readonly string[] }>;
  /** Undefined without an access file. The warnings are sentences. */
  readonly access: Found<{ readonly path: string; readonly warnings: readonly string[] }> | undefined;
  readonly secrets: readonly FileMode[];
  /** The error of writing the state directory; undefined if that works. */
  readonly state: { readonly path: string; readonly fault: AppError | undefined };
  readonly backend: Found<BackendFacts>;
  readonly disks: readonly Disk[];
  readonly listens: readonly ListenFact[];
}

const CERTIFICATE = { id: 'expiry', what: 'expiry' } as const;
const CONFIGURATION = { id: 'configuration', what: 'configuration' } as const;
const USERS = { id: 'users', what: 'users' } as const;
const ACCESS = { id: 'access', what: 'access file' } as const;
const STATE = { id: 'state', what: 'state directory' } as const;
const BACKEND = { id: 'backend', what: 'registry behind it' } as const;

/** A configuration with a mistake: no other check of the server can be made. */
export function examineBrokenConfiguration(fault: AppError): readonly Check[] {
  return [faultCheck(CONFIGURATION, fault)];
}

/** All checks of a server. Pure. */
export function examineServer(facts: ServerFacts): readonly Check[] {
  const { here, node, certificate, users, state, backend } = facts;
  return [
    checkNode(node.version, node.fault),
    fine(CONFIGURATION, 'read without a mistake'),
    certificate instanceof AppError ? faultCheck(CERTIFICATE, certificate) : checkExpiry(certificate),
    checkPermissions(facts.secrets),
    users instanceof AppError ? faultCheck(USERS, users) : checkUsers(users.count, users.path, users.weak),
    ...checkAccess(facts.access),
    state.fault === undefined ? fine(STATE, `${state.path} can be written`) : faultCheck(STATE, state.fault),
    ...facts.listens.map((listen) => checkListen(listen, here)),
    ...(backend instanceof AppError ? [faultCheck(BACKEND, backend)] : checkBackend(backend, here)),
    ...facts.disks.map(checkDisk),
    checkDescriptors(facts.descriptorLimit),
  ];
}

function checkAccess(access: ServerFacts['access']): readonly Check[] {
  if (access === undefined) return [skipped(ACCESS, 'there is none: every user may do everything')];
  if (access instanceof AppError) return [faultCheck(ACCESS, access)];
  const [warning] = access.warnings;
  if (warning === undefined) return [fine(ACCESS, access.path)];
  return [skipped(ACCESS, warning.replace(/\.$/, ''))];
}
