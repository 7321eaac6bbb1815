import type { Command } from 'commander';
import { dirname } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { unwritableHint } from '../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { makeDirectory } from '../../lib/files/ownership.ts';
import { configSources } from './config-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Where the users file is, as the command line says it. */
export interface UsersOptions {
  readonly users?: string;
  readonly certs?: string;
  readonly config?: string;
}

/** The flags that say where the users file is. */
export function addUsersOptions(command: Command): Command {
  return command
    .option('--users <FILE>', 'The users file. Default: htpasswd in the certs directory.')
    .option('--certs <DIR>', 'The certs directory. Default: certs.')
    .option('--config <FILE>', 'The configuration file. Default: registry-gate.yml, if there is one.');
}

/** The file that `serve` would read with the same flags, environment and configuration file. */
export async function findUsersFile(options: UsersOptions, terminal: Terminal): Promise<string> {
  if (options.users !== undefined && options.users !== '') return options.users;
  const config = await loadConfig(configSources({ ...options }, terminal));
  return config.users;
}

/** Makes the directory that a file is to stand in. Throws AppError FILE_UNWRITABLE. */
export async function makeDirectoryOf(path: string): Promise<void> {
  try {
    await makeDirectory(dirname(path), 0o750);
  } catch (error) {
    throw new AppError('FILE_UNWRITABLE', {
      message: `The directory ${dirname(path)} can't be made (${systemCode(error) ?? String(error)}).`,
      hint: `Name another place with --users FILE. ${unwritableHint(systemCode(error), dirname(path))}`,
      cause: error,
    });
  }
}
