import { opendir, readdir, stat } from 'node:fs/promises';
import { discard, ifExists, isNotFound, isRenamed } from '../disk/durable.ts';
import { removeIfEmpty } from '../disk/folders.ts';
import type { Registry } from '../store/registry.ts';

interface ClearOptions {
  /** Sessions last written before this time are removed, in milliseconds since the epoch. */
  readonly before: number;
  readonly dryRun: boolean;
  /** Whether to continue: a registry with many repositories takes a while. */
  readonly goesOn: () => boolean;
}

const UPLOADS = '_uploads';
/** Folders of a repository itself. All others below it are components of longer names. */
const OWN: readonly string[] = ['_layers', '_manifests', UPLOADS];

/**
 * Walks the folders of all repositories, ends upload sessions that distribution or an older version of this program
 * left there, and removes empty folders. A repository with a single link keeps all its folders. Returns the number of
 * sessions. Safe during pushes: only empty folders are removed, and a push creates a removed folder again.
 */
export async function clearRepositories(registry: Registry, options: ClearOptions): Promise<number> {
  const { paths } = registry;
  let ended = 0;
  const visit = async (folder: string): Promise<void> => {
    const names = await foldersIn(folder);
    for (const name of names.filter((child) => !OWN.includes(child))) {
      if (!options.goesOn()) return;
      await visit(`${folder}/${name}`);
    }
    if (names.includes(UPLOADS)) ended += await endSessions(registry, `${folder}/${UPLOADS}`, options);
    if (options.dryRun || folder === paths.repositories) return;
    await removeEmptyRepository(
      folder,
      names.filter((name) => OWN.includes(name)).map((name) => `${folder}/${name}`),
    );
  };
  await visit(paths.repositories);
  return ended;
}

async function endSessions(
  { staging }: Registry,
  folder: string,
  { before, dryRun }: ClearOptions,
): Promise<number> {
  let count = 0;
  for (const name of await foldersIn(folder)) {
    const path = `${folder}/${name}`;
    if ((await lastUse(path)) >= before) continue;
    const staged = staging.path();
    if (!dryRun && !(await isRenamed(path, staged))) continue;
    await discard(staged);
    count += 1;
  }
  // A repository with any content keeps its own folders. Distribution creates this one again for each session.
  if (!dryRun) await removeIfEmpty(folder);
  return count;
}

/** Removes a repository folder whose own folders hold no file. */
async function removeEmptyRepository(folder: string, own: readonly string[]): Promise<void> {
  for (const path of own) if (!(await holdsNoFile(path))) return;
  for (const path of own) await removeFolders(path);
  await removeIfEmpty(folder);
}

/** Reports whether a folder and all folders below it hold no file. Stops at the first file. */
async function holdsNoFile(folder: string): Promise<boolean> {
  try {
    for await (const entry of await opendir(folder)) {
      if (!entry.isDirectory() || !(await holdsNoFile(`${folder}/${entry.name}`))) return false;
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return true;
}

async function removeFolders(folder: string): Promise<void> {
  for (const name of await foldersIn(folder)) await removeFolders(`${folder}/${name}`);
  await removeIfEmpty(folder);
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = (await ifExists(readdir(folder, { withFileTypes: true }))) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Returns when a session was last written to, or infinity if it no longer exists. */
async function lastUse(folder: string): Promise<number> {
  const paths = [folder, `${folder}/data`, `${folder}/startedat`];
  const times = await Promise.all(paths.map(async (path) => (await ifExists(stat(path)))?.mtimeMs));
  const [own] = times;
  return own === undefined ? Number.POSITIVE_INFINITY : Math.max(...times.map((time) => time ?? 0));
}
