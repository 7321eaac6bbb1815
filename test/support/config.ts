import { loadConfigWithOrigins, type ConfigFlags, type LoadedConfig } from '../../src/config/load.ts';

export interface ConfigCase {
  /** Files by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: ConfigFlags;
  readonly fileName?: string;
}

/** Loads a configuration without touching the disk. */
export function loadCase({ files = {}, env = {}, flags = {}, fileName }: ConfigCase): Promise<LoadedConfig> {
  return loadConfigWithOrigins({ flags, env, fileName, readFile: fileReader(files) });
}

/** `readFile` over a record; what isn't in it doesn't exist. */
export function fileReader(files: Readonly<Record<string, string>>): (path: string) => Promise<string> {
  return async (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
    return text;
  };
}

/** The lines of the problems; empty when there is none. */
export async function problemsOf(given: ConfigCase): Promise<readonly string[]> {
  try {
    await loadCase(given);
    return [];
  } catch (error) {
    const lines = error instanceof Error ? error.message.split('\n') : [];
    if (!lines[0]?.startsWith('The configuration has ')) throw error;
    return lines.slice(1).map((line) => line.trim());
  }
}
