import { systemCode } from '../lib/errors.ts';
import { closest } from './closest.ts';
import type { OptionRow } from './options.ts';
import { ENV_PREFIX } from './options.ts';
import type { Problem } from './problem.ts';
import type { Given, Source } from './source.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string) => Promise<string>;

/** Names the configuration file, as `--config` does. */
export const CONFIG_VARIABLE = `${ENV_PREFIX}CONFIG`;

/** Variables with our prefix that aren't options: `certs init` and the container image read the host names from it. */
const OTHERS = [CONFIG_VARIABLE, `${ENV_PREFIX}HOSTS`];

/**
 * Reads the `REGISTRY_GATE_*` variables. An empty one counts as not set, since compose files pass `${X:-}`. For a
 * secret, `NAME_FILE` names a file that holds it; the line end of the file is not part of it.
 */
export async function readEnvironment(
  env: Environment,
  rows: readonly OptionRow[],
  readFile: ReadFile,
): Promise<Source> {
  const values = new Map<string, Given>();
  const problems: Problem[] = [...unknownVariables(env, rows)];
  for (const row of rows) {
    const text = env[row.env] ?? '';
    if (text !== '') values.set(row.path, { value: fromText(text, row), where: row.env });
    if (row.secret) await readSecretFile({ env, row, readFile }, values, problems);
  }
  return { values, problems };
}

interface SecretFile {
  readonly env: Environment;
  readonly row: OptionRow;
  readonly readFile: ReadFile;
}

async function readSecretFile(
  { env, row, readFile }: SecretFile,
  values: Map<string, Given>,
  problems: Problem[],
): Promise<void> {
  const where = `${row.env}_FILE`;
  const fileName = env[where] ?? '';
  if (fileName === '') return;
  if (values.has(row.path)) {
    problems.push({ path: row.path, reason: `is given by ${row.env} too; keep one of the two`, where });
    return;
  }
  try {
    values.set(row.path, { value: (await readFile(fileName)).replace(/\r?\n$/, ''), where });
  } catch (error) {
    problems.push({ path: row.path, reason: `can't be read from ${fileName} (${systemCode(error)})`, where });
  }
}

function unknownVariables(env: Environment, rows: readonly OptionRow[]): Problem[] {
  const known = rows.flatMap((row) => (row.secret ? [row.env, `${row.env}_FILE`] : [row.env])).concat(OTHERS);
  return Object.keys(env)
    .filter((name) => name.startsWith(ENV_PREFIX) && !known.includes(name))
    .map((name) => ({ path: name, reason: whyUnknown(name, known), where: 'environment' }));
}

function whyUnknown(name: string, known: readonly string[]): string {
  const bare = name.replace(/_FILE$/, '');
  if (known.includes(bare)) return `is unknown: only secrets are read from files. Use ${bare}`;
  const near = closest(
    name.slice(ENV_PREFIX.length),
    known.map((it) => it.slice(ENV_PREFIX.length)),
  );
  return near === undefined ? 'is unknown' : `is unknown. Did you mean ${ENV_PREFIX}${near}?`;
}

/** A text from the environment or the command line, as the value that YAML would have made of it. */
export function fromText(text: string, { kind }: OptionRow): unknown {
  if (kind === 'list') return text.split(',').map((item) => item.trim());
  if (kind === 'integer' && /^\d+$/.test(text)) return Number(text);
  if (kind === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}
