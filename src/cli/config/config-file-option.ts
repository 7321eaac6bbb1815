import type { Command } from 'commander';

/** Adds `--config`. */
export function addConfigFileOption(command: Command): Command {
  return command.option(
    '--config <FILE>',
    'The configuration file. Default: registry-gate.yml, if there is one.',
  );
}
