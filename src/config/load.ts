import { join } from 'node:path';
import { readConfigFile } from './config-file.ts';
import { fromText, readEnvironment, type Environment, type ReadFile } from './environment.ts';
import { describeOptions, type OptionRow } from './options.ts';
import { configInvalid, type Problem } from './problem.ts';
import { contradictions } from './contradictions.ts';
import { schema, type Config } from './schema/schema.ts';
import type { Given, Source } from './source.ts';

/** The flags of the command line, by the path of the option. */
export type ConfigFlags = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ConfigSources {
  readonly flags: ConfigFlags;
  readonly env: Environment;
  /** Rejects with a system error: ENOENT if the file does not exist. */
  readonly readFile: ReadFile;
  /** The file that `--config` names, which must exist. */
  readonly fileName?: string | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Where each option was set that is not at its default: `registry-gate.yml:4`, `REGISTRY_GATE_LISTEN`, `--listen`. */
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * Loads the configuration: flags win over environment, file and defaults. Throws AppError CONFIG_INVALID that lists every
 * problem.
 *
 *     const config = await loadConfig({
 *       flags: { listen: '127.0.0.1:8443' },
 *       env: { REGISTRY_GATE_CERTS: '/srv/certs' },
 *       readFile: (path) => readFile(path, 'utf8'),
 *     });
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  return (await loadConfigWithOrigins(sources)).config;
}

/** As loadConfig, and says where each option was set. */
export async function loadConfigWithOrigins(sources: ConfigSources): Promise<LoadedConfig> {
  const rows = describeOptions();
  const file = await readConfigFile(sources, rows);
  const environment = await readEnvironment(sources.env, rows, sources.readFile);
  const flags = readFlags(sources.flags, rows);
  const given = new Map([...file.values, ...environment.values, ...flags.values]);
  const parsed = schema.safeParse(nested(rows, given));
  const problems = [
    ...[file, environment, flags].flatMap((source) => source.problems),
    ...(parsed.success ? [] : schemaProblems(parsed.error.issues, given)),
    ...contradictions(given),
  ];
  if (!parsed.success || problems.length > 0) throw configInvalid(problems);
  const { certs, users = join(certs, 'htpasswd'), state = certs } = parsed.data;
  const origins = new Map([...given].map(([path, { where }]) => [path, where]));
  return { config: { ...parsed.data, users, state }, origins };
}

function readFlags(flags: ConfigFlags, rows: readonly OptionRow[]): Source {
  const values = rows.flatMap((row): [string, Given][] => {
    const said = flags[row.path];
    if (said === undefined) return [];
    const value = typeof said === 'string' ? fromText(said, row) : said;
    return [[row.path, { value, where: row.flag?.split(' ')[0] ?? 'command line' }]];
  });
  return { values: new Map(values), problems: [] };
}

/** Every option gets its key, undefined if it was not set, so that the parsed result has every key too. */
function nested(rows: readonly OptionRow[], given: ReadonlyMap<string, Given>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path } of rows) {
    const [first = '', second] = path.split('.');
    const value = given.get(path)?.value;
    if (second === undefined) root[first] = value;
    else root[first] = Object.assign(root[first] ?? {}, { [second]: value });
  }
  return root;
}

interface SchemaIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The first problem of each path. The path of a list item has its index. */
function schemaProblems(issues: readonly SchemaIssue[], given: ReadonlyMap<string, Given>): Problem[] {
  const problems = issues.map((issue): Problem => {
    const option = issue.path
      .filter((step) => typeof step !== 'number')
      .map(String)
      .join('.');
    const index = issue.path.find((step) => typeof step === 'number');
    const path = index === undefined ? option : `${option}[${index}]`;
    return { path, reason: issue.message, where: given.get(option)?.where };
  });
  return problems.filter(({ path }, at) => problems.findIndex((it) => it.path === path) === at);
}
