import { systemCode } from '../lib/errors.ts';
import type { Environment, ReadFile } from './environment.ts';
import { CONFIG_VARIABLE } from './environment.ts';
import type { OptionRow } from './options.ts';
import type { Source } from './source.ts';
import { readYaml } from './yaml-file.ts';

/** Read where it exists and no other file is named. */
const DEFAULT_FILE = 'registry-gate.yml';

/** The same name with the other ending: nearly always meant as ours, and passing over it would be a riddle. */
const NEAR_MISS = 'registry-gate.yaml';

interface ConfigFileSources {
  readonly fileName?: string | undefined;
  readonly env: Environment;
  readonly readFile: ReadFile;
}

/** What the configuration file says. One that was named must exist, the default one need not. */
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
  /** Who named it; undefined for the default. */
  readonly where: string | undefined;
  readonly readFile: ReadFile;
}

/** Stands for the default file that isn't there. */
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
    const reason = code === 'ENOENT' ? "doesn't exist" : `can't be read (${code ?? String(error)})`;
    return problem(fileName, reason, where);
  }
  return readYaml({ fileName, text }, rows);
}

async function nearMiss(readFile: ReadFile): Promise<Source> {
  try {
    await readFile(NEAR_MISS);
  } catch {
    return ABSENT;
  }
  return problem(
    NEAR_MISS,
    `isn't looked at; rename it to ${DEFAULT_FILE}, or name it with --config`,
    undefined,
  );
}

function problem(path: string, reason: string, where: string | undefined): Source {
  return { values: new Map(), problems: [{ path, reason, where }] };
}
