import { Command } from 'commander';
import { loadConfigWithOrigins } from '../config/load.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { AppError, systemCode } from '../lib/errors.ts';
import { createLog } from '../observe/access-log.ts';
import type { Log } from '../observe/access-log.ts';
import { checkPlatform } from '../server/platform.ts';
import { addConfigOptions, configSources } from './config-flags.ts';
import { localNames, prepareCertificates, prepareFirstUser } from './first-start.ts';
import type { Outcome } from './outcome.ts';
import { keepReloads, runUntilTold, warnIfExposed, warnIfUnready } from './serve.ts';
import { startServing } from './start-serving.ts';
import type { ServingGate } from './start-serving.ts';
import type { Terminal } from './terminal.ts';
import { renderWelcome } from './up-words.ts';

interface UpOptions {
  readonly data?: string;
  readonly host?: readonly string[];
}

const FALLBACK_PORT = 8443;

/** `up`, also `npm start`: makes what is missing, serves, and says what to type next. A second start changes nothing. */
export function upCommand(terminal: Terminal, _outcome: Outcome): Command {
  const command = new Command('up')
    .description('Make what is missing (CA, certificate, a first user), serve, and print what to type next.')
    .option(
      '--host <NAME>',
      'A further name or address by which clients reach this machine. Repeatable.',
      collect,
    )
    .option(
      '--data <DIR>',
      'Where the registry inside the gate keeps its images, unless --backend names another. Default: ./data.',
    );
  addConfigOptions(command);
  return command.action(async (options: UpOptions) => {
    const reloadIfAsked = keepReloads(terminal);
    checkPlatform(terminal.platform);
    const loaded = await loadConfigWithOrigins(configSources({ ...options }, terminal));
    const config = withEmbedded(loaded, options.data);
    const hosts = options.host ?? [];
    const certificates = await prepareCertificates(config, [...hosts, ...localNames()]);
    const firstUser = await prepareFirstUser(config, terminal.isTTY);
    const level = loaded.origins.has('log.level') ? config.log.level : 'warn';
    const log = createLog({ level, shared: config.workers !== 1 });
    try {
      const { gate, refused } = await startOnFreePort({ config, origins: loaded.origins }, log);
      const port = gate.addresses[0]?.port ?? 443;
      terminal.err(renderWelcome({ certificates, certs: config.certs, port, refused, hosts, firstUser }));
      void warnIfUnready(gate, log);
      void warnIfExposed(config.backend, log);
      reloadIfAsked(gate);
      await runUntilTold(gate, terminal, config.timeouts.drainSeconds);
    } finally {
      log.flush();
    }
  });
}

/** The registry inside the gate, unless somebody named another. */
function withEmbedded({ config, origins }: LoadedConfig, directory = './data'): Config {
  return origins.has('backend') ? config : { ...config, backend: { kind: 'embedded', directory } };
}

interface Started {
  readonly gate: ServingGate;
  /** The code of the system where 443 could not be had. */
  readonly refused: string | undefined;
}

/** On 443; where that may not be had and nobody asked for it by name, on 8443. */
async function startOnFreePort({ config, origins }: LoadedConfig, log: Log): Promise<Started> {
  try {
    return { gate: await startServing(config, log), refused: undefined };
  } catch (error) {
    const isRefused = error instanceof AppError && error.code === 'LISTEN_FAILED' && !origins.has('listen');
    const refused = isRefused ? systemCode(error.cause) : undefined;
    if (refused !== 'EACCES' && refused !== 'EADDRINUSE') throw error;
    const gate = await startServing({ ...config, listen: [{ host: undefined, port: FALLBACK_PORT }] }, log);
    return { gate, refused };
  }
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(',').filter(Boolean)];
}
