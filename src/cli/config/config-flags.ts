import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import type { ConfigFlags, ConfigSources } from '../../config/load.ts';
import { describeOptions, type OptionRow } from '../../config/options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addConfigFileOption } from './config-file-option.ts';

/** Adds `--config` and the flags of the configuration to a command: all flags, or those of the options in `only`. */
export function addConfigOptions(command: Command, only?: readonly string[]): Command {
  for (const { row, option } of configOptions()) {
    if (only === undefined || only.includes(row.path)) command.addOption(option);
  }
  return addConfigFileOption(command);
}

/** The sources of `loadConfig` for the options that commander has parsed. */
export function configSources(options: Readonly<Record<string, unknown>>, terminal: Terminal): ConfigSources {
  const said = configOptions().map(({ row, option }) => [
    row.path,
    flagValue(options[option.attributeName()]),
  ]);
  const flags: ConfigFlags = Object.fromEntries(said);
  const fileName = options['config'];
  return {
    flags,
    env: terminal.env,
    readFile: (path) => readFile(path, 'utf8'),
    fileName: typeof fileName === 'string' ? fileName : undefined,
  };
}

function configOptions(): readonly { readonly row: OptionRow; readonly option: Option }[] {
  return describeOptions().flatMap((row) => {
    if (row.flag === undefined) return [];
    const option = new Option(
      row.flag.replace(/ (.+)$/, ' <$1>'),
      `${row.description} Default: ${row.byDefault}.`,
    );
    if (row.kind === 'list') option.argParser(collect);
    return [{ row, option }];
  });
}

function collect(value: string, previous: unknown): string[] {
  return [...(flagValue(previous) ?? []), value];
}

function flagValue(value: unknown): string | readonly string[] | undefined {
  if (typeof value === 'string') return value;
  if (value === true) return 'true';
  return Array.isArray(value) ? value.map(String) : undefined;
}
