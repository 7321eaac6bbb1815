import { Command } from 'commander';
import { renderBackend } from '../../config/values/backend-url.ts';
import { loadConfigWithOrigins, type LoadedConfig } from '../../config/load.ts';
import { describeOptions } from '../../config/options.ts';
import { renderConfig, showConfig } from '../../config/show.ts';
import { checkFiles, tryBackend } from './check.ts';
import { addConfigOptions, configSources } from './config-flags.ts';
import type { ExitStatus } from '../terminal/exit-status.ts';
import { reportError } from '../terminal/report-error.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { printableJson } from '../../lib/printable.ts';

/** `config check | show`: checks and prints the configuration of `serve`. */
export function configCommand(terminal: Terminal, exit: ExitStatus): Command {
  return new Command('config').addCommand(checkCommand(terminal, exit)).addCommand(showCommand(terminal));
}

function checkCommand(terminal: Terminal, exit: ExitStatus): Command {
  return addConfigOptions(new Command('check'))
    .description(
      'Report all problems of the options, the certificate, the users and the access file at once.',
    )
    .option('--connect', 'Also connect to the registry. Without it, nothing is sent to the registry.')
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const loaded = await loadConfigWithOrigins(configSources(options, terminal));
      const { config } = loaded;
      const { faults, warnings } = await checkFiles(config, new Date());
      const isAsked = options['connect'] === true;
      const refusal = isAsked ? await failureOf(tryBackend(config)) : undefined;
      const all = refusal === undefined ? faults : [...faults, refusal];
      for (const warning of warnings) terminal.err(`Warning: ${warning}\n`);
      for (const fault of all) exit.code = reportError(fault, terminal);
      if (all.length === 0) terminal.err(wordsOfCheck(loaded, isAsked));
    });
}

async function failureOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Says what was checked and what was not. */
function wordsOfCheck({ config, origins }: LoadedConfig, isAsked: boolean): string {
  const backend = renderBackend(config.backend);
  const rules = config.access === undefined ? '' : ', access rules';
  return [
    'The configuration is fine.',
    `Checked: options, certificate, users${rules}${isAsked ? `, and the registry ${backend}, which answers` : ''}.`,
    ...(isAsked
      ? []
      : [`Not checked: the registry ${backend}. To check it: registry-gate config check --connect`]),
    ...(origins.has('backend') ? [] : [`That registry is the default of serve. ${UP_USES}`]),
    '',
  ].join('\n');
}

const UP_USES = 'up and npm start use the embedded one, embedded:./data, unless --backend is given.';

function showCommand(terminal: Terminal): Command {
  return addConfigOptions(new Command('show'))
    .description(
      'Print the configuration that results from flags, environment, file and defaults, and where each option was set.',
    )
    .option('--json', 'Print JSON instead of YAML.')
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const loaded = await loadConfigWithOrigins(configSources(options, terminal));
      const rows = describeOptions();
      const text =
        options['json'] === true
          ? `${printableJson(showConfig(loaded.config, rows), 2)}\n`
          : renderConfig(loaded, rows);
      terminal.out(text);
    });
}
