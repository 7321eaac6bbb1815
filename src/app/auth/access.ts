import { readFile } from 'node:fs/promises';
import { readAccessFile } from '../../config/access/access-file.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { compilePolicy, type KnownNames, type PolicyProblem } from '../../auth/policy/compile.ts';
import { failedExpectations } from '../../auth/policy/expectation.ts';
import type { Policy } from '../../auth/policy/policy.ts';

/** The compiled rules of an access file. */
export interface LoadedAccess {
  readonly policy: Policy;
  readonly rules: number;
  /** The number of expectations in the file. */
  readonly expectations: number;
  /** One sentence for each part of the file that has no effect, with its line. */
  readonly warnings: readonly string[];
  /** The expectations that are not met. With any of them, the rules must not come into force. */
  readonly failures: readonly string[];
}

const LARGEST_BYTES = 4 * 1024 * 1024;
const SHOWN = 50;

/** Reads an access file. Throws AppError FILE_UNREADABLE, or ACCESS_INVALID with every error by path and line. */
export async function readAccess(path: string, known: KnownNames): Promise<LoadedAccess> {
  const { file, problems } = readAccessFile(path, await readText(path));
  const compiled = compilePolicy(file, known);
  const all = [...problems, ...compiled.problems].sort((one, other) => lineOf(one) - lineOf(other));
  if (all.length > 0) throw accessInvalid(path, `has ${countOf(all, 'problem')}`, all.map(renderProblem));
  return {
    policy: compiled.policy,
    rules: file.rules.length,
    expectations: compiled.expectations.length,
    warnings: compiled.warnings.map(renderProblem),
    failures: failedExpectations(compiled.policy, compiled.expectations).map(renderProblem),
  };
}

/** Reads an access file for a server: an expectation that is not met is an error too. */
export async function loadAccess(path: string, known: KnownNames): Promise<LoadedAccess> {
  const access = await readAccess(path, known);
  const { failures } = access;
  if (failures.length > 0) {
    throw accessInvalid(path, `does not meet ${countOf(failures, 'expectation')} of its own`, failures);
  }
  return access;
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > LARGEST_BYTES) throw accessInvalid(path, 'has a problem', ['it is larger than 4 MiB']);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof TypeError) throw accessInvalid(path, 'has a problem', ['it is no UTF-8 text']);
    const code = systemCode(error);
    throw new AppError('FILE_UNREADABLE', {
      message: `The access file ${path} ${code === 'ENOENT' ? 'does not exist' : `can't be read (${code ?? String(error)})`}.`,
      hint: isForbidden(error) ? ownershipCure(path, 'read') : 'Name a readable file with --access FILE.',
      cause: error,
    });
  }
}

function accessInvalid(path: string, what: string, lines: readonly string[]): AppError {
  const shown = lines.slice(0, SHOWN).map((line) => `  ${line}`);
  const rest = lines.length - shown.length;
  return new AppError('ACCESS_INVALID', {
    message: [`The access file ${path} ${what}:`, ...shown, ...(rest > 0 ? [`  and ${rest} more`] : [])].join(
      '\n',
    ),
    hint: 'Mend this, then try again. A running gate keeps the rules that it has.',
  });
}

function renderProblem({
  path,
  reason,
  where,
}: Omit<PolicyProblem, 'where'> & { readonly where: string | undefined }): string {
  const subject = path === '' ? '' : `${path}: `;
  return where === undefined ? `${subject}${reason}` : `${subject}${reason} (${where})`;
}

function lineOf({ where }: { readonly where: string | undefined }): number {
  return Number(/:(\d+)$/.exec(where ?? '')?.[1] ?? 0);
}

function countOf(items: readonly unknown[], what: string): string {
  return items.length === 1
    ? `a ${what}`.replace('a expectation', 'an expectation')
    : `${items.length} ${what}s`;
}
