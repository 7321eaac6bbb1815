import { constants, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeTemporaries, resolveTarget, writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { withFileLock } from '../../lib/files/file-lock.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { entriesOf, parseHtpasswd, renderHtpasswd } from './htpasswd-file.ts';
import type { HtpasswdDocument, HtpasswdNote, HtpasswdProblem } from './htpasswd-file.ts';
import { renderWeakness } from '../passwords/weakness.ts';

/** A problem for which the file is not refused. `user` is set if it is about one user; `users` is their number, undefined if it is about the file. */
export interface UserWarning {
  readonly user?: string;
  readonly users?: number;
  readonly reason: string;
}

/** A password file that was read. */
export interface UsersFile {
  readonly document: HtpasswdDocument;
  readonly warnings: readonly UserWarning[];
}

const MAX_BYTES = 64 * 1024 * 1024;
const PROBLEMS_SHOWN = 50;
const EMPTY: UsersFile = { document: { bom: false, lines: [] }, warnings: [] };

/** Reads a password file and its warnings. Throws AppError HTPASSWD_MISSING or HTPASSWD_INVALID. */
export async function readUsersFile(path: string): Promise<UsersFile> {
  const { bytes, mode } = await readWhole(path);
  const parsed = parseHtpasswd(bytes);
  if (!parsed.ok) throw invalid(path, parsed.problems);
  return {
    document: parsed.document,
    warnings: [
      ...warnOfMode(path, mode),
      ...warnOfLines(path, parsed.notes),
      ...warnOfHashes(parsed.document),
    ],
  };
}

/** Like `readUsersFile`, but a file that does not exist has no users. One that can't be read is still an error. */
export async function readUsersFileIfAny(path: string): Promise<UsersFile> {
  try {
    return await readUsersFile(path);
  } catch (error) {
    if (error instanceof AppError && systemCode(error.cause) === 'ENOENT') return EMPTY;
    throw error;
  }
}

/**
 * Changes a password file under its lock, so that concurrent commands don't undo each other. A missing file is created
 * with mode 0600. A file with a bad line is not changed.
 */
export async function changeUsersFile(
  path: string,
  change: (document: HtpasswdDocument) => HtpasswdDocument,
): Promise<void> {
  const target = await resolveTarget(path);
  await withFileLock(target, async (lock) => {
    await removeTemporaries(target);
    const { document } = await readUsersFileIfAny(path);
    const data = renderHtpasswd(change(document));
    await writeFileAtomic(path, data, { mode: 0o600, beforeReplace: () => lock.assertHeld() });
  });
}

/** Returns the error for a password file without usable users. */
export function missingUsers(path: string, reason: string, cause?: unknown): AppError {
  const parents = existsSync(dirname(path)) ? '' : ' --parents';
  return new AppError('HTPASSWD_MISSING', {
    message: `The users file ${path} ${reason}.`,
    hint: `Add a first user: registry-gate users add NAME --users ${path}${parents}`,
    cause,
  });
}

async function readWhole(path: string): Promise<{ bytes: Buffer; mode: number }> {
  try {
    // Without O_NONBLOCK, opening a named pipe would block the thread until a process writes to it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw unreadable(path, stats.isDirectory() ? 'a directory' : 'no regular file');
      if (stats.size > MAX_BYTES) throw unreadable(path, `larger than ${MAX_BYTES} bytes`);
      return { bytes: await file.readFile(), mode: stats.mode };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT') throw missingUsers(path, 'does not exist', error);
    throw isForbidden(error)
      ? forbidden(path, error)
      : unreadable(path, `not to be read (${code ?? String(error)})`, error);
  }
}

function forbidden(path: string, cause: unknown): AppError {
  return new AppError('HTPASSWD_MISSING', {
    message: `The users file ${path} is not to be read (${systemCode(cause)}).`,
    hint: ownershipCure(path, 'read'),
    cause,
  });
}

function unreadable(path: string, what: string, cause?: unknown): AppError {
  return new AppError('HTPASSWD_MISSING', {
    message: `The users file ${path} is ${what}.`,
    hint: `Look at what is there: ls -l ${path}. A users file is made by: registry-gate users add NAME --users FILE`,
    cause,
  });
}

function warnOfMode(path: string, mode: number): UserWarning[] {
  return (mode & 0o077) === 0
    ? []
    : [{ reason: `others than its owner may open ${path}: chmod 600 ${path}` }];
}

/** How many lines or users a warning names. A file written by another program may have thousands; the rest are counted. */
const NAMED = 5;

function warnOfLines(path: string, notes: readonly HtpasswdNote[]): UserWarning[] {
  const shown = notes.slice(0, NAMED).map(({ line, reason }) => `${path}:${line}: ${reason}`);
  const rest = notes.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${path}: and ${rest} more lines like these`] : [])].map((reason) => ({
    reason,
  }));
}

/** Returns one warning for each kind of weakness, however many users have it. */
function warnOfHashes(document: HtpasswdDocument): UserWarning[] {
  const byWeakness = Map.groupBy(
    entriesOf(document).filter(({ hash }) => hash.weakness !== undefined),
    ({ hash }) => hash.weakness && renderWeakness(hash.weakness),
  );
  return [...byWeakness].map(([weakness, users]) => {
    const [{ name } = { name: '' }, ...others] = users;
    if (others.length === 0) return { user: name, users: 1, reason: `weak hash (${weakness})` };
    const named = users.slice(0, NAMED).map((user) => user.name);
    const rest = users.length - named.length;
    const more = rest > 0 ? ` and ${rest} more, who stand in: registry-gate users list` : '';
    return { users: users.length, reason: `weak hashes (${weakness}): ${named.join(', ')}${more}` };
  });
}

function invalid(path: string, problems: readonly HtpasswdProblem[]): AppError {
  const shown = problems
    .slice(0, PROBLEMS_SHOWN)
    .map(({ line, reason, cure }) => `  line ${line}: ${reason} (${cure})`);
  const rest = problems.length - shown.length;
  const more = rest > 0 ? [`  and ${rest} more`] : [];
  return new AppError('HTPASSWD_INVALID', {
    message: [`${path} can't be used:`, ...shown, ...more].join('\n'),
    hint: 'Mend these lines, then try again. Nothing was changed.',
  });
}
