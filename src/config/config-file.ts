import { systemCode } from '../lib/errors.ts';
import { whyUnreadable } from '../lib/files/ownership.ts';
import { DEFAULT_FILE, NEAR_MISS } from './values/defaults.ts';
import { CONFIG_VARIABLE, type Environment, type ReadFile } from './environment.ts';
import type { OptionRow } from './options.ts';
import type { Source } from './source.ts';

interface ConfigFileSources {
  readonly fileName?: string | undefined;
  readonly env: Environment;
  readonly readFile: ReadFile;
}

/** Reads the configuration file. A file that is named must exist; the default file need not. */
export async function readConfigFile(
  { fileName, env, readFile }: ConfigFileSources,
  rows: readonly OptionRow[],
): Promise<Source> {
  const variable = env[CONFIG_VARIABLE] ?? '';
  if (fileName !== undefined) return readNamed({ fileName, where: '--config', readFile }, rows);
  if (variable !== '') return readNamed({ fileName: variable, where: CONFIG_VARIABLE, readFile }, rows);
  const found = await readNamed({ fileName: DEFAULT_FILE, where: undefined, readFile }, rows);
  return found === ABSENT ? nearMiss(readFile) : found;
}

interface NamedFile {
  readonly fileName: string;
  /** What named it, `--config` or a variable; undefined for the default file. */
  readonly where: string | undefined;
  readonly readFile: ReadFile;
}

/** The result if the default file does not exist. */
const ABSENT: Source = { values: new Map(), problems: [] };

async function readNamed(
  { fileName, where, readFile }: NamedFile,
  rows: readonly OptionRow[],
): Promise<Source> {
  let text: string;
  try {
    text = await readFile(fileName);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' && where === undefined) return ABSENT;
    return problem(
      fileName,
      code === 'ENOENT' ? "doesn't exist" : `can't be read ${whyUnreadable(fileName, error)}`,
      where,
    );
  }
  // Most have no file, and the parser is a fifth of the start of a command.
  const { readYaml } = await import('./yaml-file.ts');
  return readYaml({ fileName, text }, rows);
}

async function nearMiss(readFile: ReadFile): Promise<Source> {
  try {
    await readFile(NEAR_MISS);
  } catch {
    return ABSENT;
  }
  return problem(NEAR_MISS, `is not read; rename it to ${DEFAULT_FILE}, or name it with --config`, undefined);
}

function problem(path: string, reason: string, where: string | undefined): Source {
  return { values: new Map(), problems: [{ path, reason, where }] };
}
