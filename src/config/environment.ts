import { whyUnreadable } from '../lib/files/ownership.ts';
import { closest } from './closest.ts';
import { ENV_PREFIX } from './values/defaults.ts';
import type { OptionRow } from './options.ts';
import type { Problem } from './problem.ts';
import { isServiceLink, isServiceUrl } from './values/service-link.ts';
import type { Given, Source } from './source.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string) => Promise<string>;

/** The variable that names the configuration file, as `--config` does. */
export const CONFIG_VARIABLE = `${ENV_PREFIX}CONFIG`;

/** The variable that lists the hosts for the certificate of `certs init` and `up`. */
export const HOSTS_VARIABLE = `${ENV_PREFIX}HOSTS`;

/** Set in the container image: hints then show how to run a command in a container. */
export const CONTAINER_VARIABLE = `${ENV_PREFIX}IN_CONTAINER`;

/** The command that hints show instead of `registry-gate`: `docker compose run --rm gate`. */
export const COMMAND_VARIABLE = `${ENV_PREFIX}COMMAND`;

/** Variables with the prefix that are not options. */
const OTHERS = [CONFIG_VARIABLE, HOSTS_VARIABLE, CONTAINER_VARIABLE, COMMAND_VARIABLE];

/**
 * Reads the `REGISTRY_GATE_*` variables. An empty one counts as not set, since compose files pass `${X:-}`. A secret can
 * also be in the file that `NAME_FILE` names; the last line end of the file is dropped.
 */
export async function readEnvironment(
  env: Environment,
  rows: readonly OptionRow[],
  readFile: ReadFile,
): Promise<Source> {
  const values = new Map<string, Given>();
  const problems: Problem[] = [...unknownVariables(env, rows), ...spoiledValues(env, rows)];
  for (const row of rows) {
    const text = env[row.env] ?? '';
    const isOurs = text !== '' && !isServiceUrl(row.env, text) && whySpoiled(text, row.secret) === undefined;
    if (isOurs) values.set(row.path, { value: fromText(text, row), where: row.env });
    if (row.secret) await readSecretFile({ env, row, readFile }, values, problems);
  }
  return { values, problems };
}

const CARRIAGE_RETURN =
  "ends with a carriage return: its file has Windows line endings. Convert it: sed -i 's/\\r$//' FILE";
const QUOTED =
  'is in quotes, which become part of the value: docker run --env-file and others do not remove them. Remove the quotes';

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
    problems.push({ path: row.path, reason: `is also given by ${row.env}; keep only one of them`, where });
    return;
  }
  try {
    values.set(row.path, { value: (await readFile(fileName)).replace(/\r?\n$/, ''), where });
  } catch (error) {
    problems.push({
      path: row.path,
      reason: `can't be read from ${fileName} ${whyUnreadable(fileName, error)}`,
      where,
    });
  }
}

function unknownVariables(env: Environment, rows: readonly OptionRow[]): Problem[] {
  const known = knownNames(rows);
  return Object.entries(env)
    .filter(([name]) => name.startsWith(ENV_PREFIX) && !known.includes(name))
    .filter(([name, value = '']) => !isServiceLink(name, value))
    .map(([name]) => ({ path: name, reason: whyUnknown(name, known), where: 'environment' }));
}

function knownNames(rows: readonly OptionRow[]): readonly string[] {
  return rows.flatMap((row) => (row.secret ? [row.env, `${row.env}_FILE`] : [row.env])).concat(OTHERS);
}

function spoiledValues(env: Environment, rows: readonly OptionRow[]): Problem[] {
  const secrets = new Set(rows.filter((row) => row.secret).map((row) => row.env));
  return knownNames(rows).flatMap((name): Problem[] => {
    const reason = whySpoiled(env[name] ?? '', secrets.has(name));
    return reason === undefined ? [] : [{ path: name, reason, where: 'environment' }];
  });
}

/**
 * The reason why a value was damaged by an env file, or undefined: a carriage return at its end, or quotes around it,
 * which `docker run --env-file` does not remove. A secret may begin and end with quotes.
 */
export function whySpoiled(value: string, isSecret = false): string | undefined {
  if (value.endsWith('\r')) return CARRIAGE_RETURN;
  return !isSecret && /^(["']).*\1$/s.test(value) ? QUOTED : undefined;
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

/** Converts a text from the environment or the command line to the value that YAML would have. */
export function fromText(text: string, { kind }: OptionRow): unknown {
  if (kind === 'list') return text.split(',').map((item) => item.trim());
  if (kind === 'integer' && /^\d+$/.test(text)) return Number(text);
  if (kind === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}
