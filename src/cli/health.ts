import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { AppError } from '../lib/errors.ts';
import { askOwnGate } from '../app/ask-own-gate.ts';
import { addConfigOptions, configSources } from './config/config-flags.ts';
import type { Terminal } from './terminal/terminal.ts';

const OPTIONS = ['listen', 'frontProxies.networks', 'frontProxies.protocol'];
const DETAILS = `
It reads the configuration of the gate, and requests \`/healthz\`, or \`/readyz\` with --ready, from the first address
that the gate listens on. Exit code: 0 healthy, 1 not. The image's HEALTHCHECK runs it.
`;

/** `health`: checks the gate of this configuration, for health checks on the same machine. */
export function healthCommand(terminal: Terminal): Command {
  const command = new Command('health').option(
    '--ready',
    'Check that pushes and pulls work: the registry answers, and the certificate is valid.',
  );
  addConfigOptions(command, OPTIONS);
  command.addHelpText('after', DETAILS.trimEnd());
  return command.action(async (options: Readonly<Record<string, unknown>>) => {
    const config = await loadConfig(configSources(options, terminal));
    const isReady = options['ready'] === true;
    const { status, words } = await askOwnGate(config, isReady ? '/readyz' : '/healthz');
    if (status !== 200) {
      throw new AppError('GATE_UNREADY', {
        message: `The gate answers ${status}: ${words}`,
        hint: isReady
          ? 'See its log. To check the registry behind it: registry-gate config check --connect'
          : 'It is stopping, and ends after its last transfer. Then start it again.',
      });
    }
    terminal.out(`${words}\n`);
  });
}
