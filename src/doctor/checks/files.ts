import { shellWord } from '../../lib/shell-word.ts';
import type { DirectoryStatus } from '../../pki/authority/status.ts';
import { fine, wrong, type Check } from '../check.ts';
import type { FileMode } from '../facts/machine.ts';
import { commandIn } from './faults.ts';

const EXPIRY = { id: 'expiry', what: 'expiry' } as const;
const PERMISSIONS = { id: 'permissions', what: 'permissions' } as const;
const USERS = { id: 'users', what: 'users' } as const;
/** Others than the owner may not read what is secret. */
const OTHERS = 0o077;

/** How long the certificate that the gate serves is good for, and which clients refuse it. */
export function checkExpiry(status: DirectoryStatus): Check {
  const { state, certificate, authority, problems, context } = status;
  const [problem] = problems;
  if (problem !== undefined) {
    return wrong(
      EXPIRY,
      problem.problem.replace(/\.$/, ''),
      commandIn(problem.cure) ?? 'registry-gate certs status',
      certificate.state === 'expired' && context.canRenew ? { kind: 'renew' } : undefined,
    );
  }
  if (state !== 'fine') return checkDue(status);
  const ofAuthority = authority === undefined ? '' : `, its CA for ${authority.daysLeft}`;
  return fine(EXPIRY, `${daysOf(certificate)}${ofAuthority}`);
}

function checkDue({ certificate, authority, context }: DirectoryStatus): Check {
  if (certificate.state !== 'due') {
    return wrong(
      EXPIRY,
      `the CA is good for ${authority?.daysLeft ?? 0} days only: clients have to trust a new one before that`,
      'registry-gate certs status',
    );
  }
  if (context.canRenew) {
    const why = `${daysOf(certificate)}: it is due for renewal`;
    return wrong(EXPIRY, why, 'registry-gate certs renew', { kind: 'renew' });
  }
  return wrong(
    EXPIRY,
    `${daysOf(certificate)}, and can't be renewed here: have its CA issue a new one`,
    'registry-gate certs status',
  );
}

function daysOf({ file, daysLeft }: DirectoryStatus['certificate']): string {
  return `${file} is good for ${daysLeft} days`;
}

/** Whether only the owner may read keys and passwords. */
export function checkPermissions(files: readonly FileMode[]): Check {
  const open = files.filter(({ mode }) => mode !== undefined && (mode & OTHERS) !== 0);
  const [first] = open;
  if (first?.mode === undefined) return fine(PERMISSIONS, 'keys and passwords are for their owner alone');
  const list = open.map(({ path }) => path);
  return wrong(
    PERMISSIONS,
    `others may read ${list.join(', ')} (mode ${first.mode.toString(8).padStart(4, '0')})`,
    `chmod 600 ${list.map(shellWord).join(' ')}`,
    { kind: 'mode', paths: list, mode: 0o600 },
  );
}

/** Whether the passwords are stored in a form that is hard to guess. */
export function checkUsers(count: number, path: string, weak: readonly string[]): Check {
  const [first] = weak;
  if (first === undefined) return fine(USERS, `${count} in ${path}`);
  const shown = weak.slice(0, 5).join(', ');
  const more = weak.length > 5 ? ` and ${weak.length - 5} more` : '';
  return wrong(
    USERS,
    `the password hashes of ${shown}${more} are quickly guessed by whoever gets ${path}: set them anew, as bcrypt`,
    `registry-gate users passwd ${shellWord(first)}`,
  );
}
