import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';

const FILE = 'found-names.json';

/** The names and addresses of this machine, in canonical form. */
export interface WantedNames {
  /** Given by the user: these stay in the certificate. */
  readonly given: readonly string[];
  /** Found on the machine: these leave the certificate when the machine loses them. */
  readonly found: readonly string[];
}

/** How the names of a certificate change. */
export interface NamePlan {
  readonly names: readonly string[];
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  /** The names that were found and not given, to be recorded for the next start. */
  readonly found: readonly string[];
}

/**
 * Adds wanted names that are not covered, and drops names that were found earlier and are gone. A covered name that is
 * not recorded as found counts as given.
 */
export function planNames(
  covered: readonly string[],
  foundBefore: readonly string[],
  { given, found }: WantedNames,
): NamePlan {
  const wanted = [...new Set([...given, ...found])];
  const dropped = covered.filter((name) => foundBefore.includes(name) && !wanted.includes(name));
  const added = wanted.filter((name) => !covered.includes(name));
  const isGiven = (name: string): boolean =>
    given.includes(name) || (covered.includes(name) && !foundBefore.includes(name));
  return {
    names: [...covered.filter((name) => !dropped.includes(name)), ...added],
    added,
    dropped,
    found: found.filter((name) => !isGiven(name)),
  };
}

/** Reads the names that an earlier `up` found. Empty if there is no readable record. */
export async function readFoundNames(directory: string): Promise<readonly string[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(directory, FILE), 'utf8'));
    return Array.isArray(parsed) ? parsed.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/** Records the names that were found. Throws AppError FILE_UNWRITABLE. */
export async function writeFoundNames(directory: string, names: readonly string[]): Promise<void> {
  await writeFileAtomic(join(directory, FILE), `${JSON.stringify(names)}\n`, { mode: 0o600 });
}
