import { Command } from 'commander';
import { loadConfig, loadConfigWithOrigins } from '../config/load.ts';
import { describeOptions } from '../config/options.ts';
import { renderConfig, showConfig } from '../config/show.ts';
import { checkFiles } from './config-check.ts';
import { addConfigOptions, configSources } from './config-flags.ts';
import type { Outcome } from './outcome.ts';
import { reportError } from './report-error.ts';
import type { Terminal } from './terminal.ts';

/** `config check | show`: what serve would run with, without running it. */
export function configCommand(terminal: Terminal, outcome: Outcome): Command {
  return new Command('config')
    .description('Check and show the configuration.')
    .addCommand(checkCommand(terminal, outcome))
    .addCommand(showCommand(terminal));
}

function checkCommand(terminal: Terminal, outcome: Outcome): Command {
  return addConfigOptions(new Command('check'))
    .description('Report every problem at once: in what the options say, in the certificate, in the users.')
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const config = await loadConfig(configSources(options, terminal));
      const { faults, warnings } = await checkFiles(config, new Date());
      for (const warning of warnings) terminal.err(`Warning: ${warning}\n`);
      for (const fault of faults) outcome.exitCode = reportError(fault, terminal);
      if (faults.length === 0) terminal.err('The configuration is fine.\n');
    });
}

function showCommand(terminal: Terminal): Command {
  return addConfigOptions(new Command('show'))
    .description('Print what flags, environment, file and defaults amount to, and who said what.')
    .option('--json', 'Print JSON instead of YAML.')
    .action(async (options: Readonly<Record<string, unknown>>) => {
      const loaded = await loadConfigWithOrigins(configSources(options, terminal));
      const rows = describeOptions();
      const text =
        options['json'] === true
          ? `${JSON.stringify(showConfig(loaded.config, rows), undefined, 2)}\n`
          : renderConfig(loaded, rows);
      terminal.out(text);
    });
}
