import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { AppError } from '../lib/errors.ts';
import { askOwnGate } from '../app/ask-own-gate.ts';
import { addConfigOptions, configSources } from './config/config-flags.ts';
import type { Terminal } from './terminal/terminal.ts';

const OPTIONS = ['listen', 'frontProxies.networks', 'frontProxies.protocol'];
const DETAILS = `
It reads the configuration that the gate reads, and asks the first address that the gate listens on: \`/healthz\`, or
\`/readyz\` with --ready. Exit code: 0 healthy, 1 not. The image's HEALTHCHECK runs it.
`;

/** `health`: whether the gate of this configuration answers. For health checks that run beside it. */
export function healthCommand(terminal: Terminal): Command {
  const command = new Command('health')
    .description('Ask the gate that runs here whether it is healthy, or ready.')
    .option(
      '--ready',
      'Ask whether pushes and pulls work: the registry answers, and the certificate is valid.',
    );
  addConfigOptions(command, OPTIONS);
  command.addHelpText('after', DETAILS);
  return command.action(async (options: Readonly<Record<string, unknown>>) => {
    const config = await loadConfig(configSources(options, terminal));
    const isReady = options['ready'] === true;
    const { status, words } = await askOwnGate(config, isReady ? '/readyz' : '/healthz');
    if (status !== 200) {
      throw new AppError('GATE_UNREADY', {
        message: `The gate answers ${status}: ${words}`,
        hint: isReady
          ? 'Its log says more. To ask the registry behind it: registry-gate config check --connect'
          : 'It was told to stop, and ends when its transfers have. Start it again once it is gone.',
      });
    }
    terminal.out(`${words}\n`);
  });
}
