import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { statePaths } from '../../auth/tokens/store/state-paths.ts';
import type { StatePaths } from '../../auth/tokens/store/state-paths.ts';
import { configSources } from '../config/config-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addUsersOptions } from '../config/file-options.ts';
import type { UsersOptions } from '../config/file-options.ts';

/** Where tokens and users are kept, as the command line says it. */
export interface StateOptions extends UsersOptions {
  readonly state?: string;
}

/** The files that a command about tokens works on. */
export interface StateFiles {
  readonly directory: string;
  readonly paths: StatePaths;
  readonly users: string;
}

/** The flags that say where tokens and users are kept. */
export function addStateOptions(command: Command): Command {
  return addUsersOptions(
    command.option(
      '--state <DIR>',
      'The state directory, which holds the tokens. Default: the certs directory.',
    ),
  );
}

/** The files that `serve` would work on with the same flags, environment and configuration file. */
export async function findState(options: StateOptions, terminal: Terminal): Promise<StateFiles> {
  const { state, users } = await loadConfig(configSources({ ...options }, terminal));
  return { directory: state, paths: statePaths(state), users };
}
