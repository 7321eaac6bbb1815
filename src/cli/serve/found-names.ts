import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';

const FILE = 'found-names.json';

/** By which names and addresses this machine is to be reached, in the form in which certificates have them. */
export interface WantedNames {
  /** By a person: these stay in the certificate for good. */
  readonly given: readonly string[];
  /** By looking at the machine: these leave the certificate when the machine has them no more. */
  readonly found: readonly string[];
}

/** What becomes of the names of a certificate. */
export interface NamePlan {
  readonly names: readonly string[];
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  /** Of the names, those that are there only because they were found: to be remembered for the next time. */
  readonly found: readonly string[];
}

/**
 * Adds what is wanted and not covered, and drops what was found once and is not any more. Of a name that is covered and
 * that nobody remembers to have found a person is taken to have given it.
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

/** What an earlier `up` found, as it wrote it beside the certificate. Empty where there is no such file or it can't be read. */
export async function readFoundNames(directory: string): Promise<readonly string[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(directory, FILE), 'utf8'));
    return Array.isArray(parsed) ? parsed.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/** Remembers what was found. Throws AppError FILE_UNWRITABLE. */
export async function writeFoundNames(directory: string, names: readonly string[]): Promise<void> {
  await writeFileAtomic(join(directory, FILE), `${JSON.stringify(names)}\n`, { mode: 0o600 });
}
