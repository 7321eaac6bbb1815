import { Command } from 'commander';
import { parseSubjectName } from '../../pki/x509/subject-names.ts';
import { loadConfigWithOrigins, type LoadedConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema/schema.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import type { Log } from '../../observe/access-log.ts';
import { checkRuntime } from '../../lib/node/runtime-check.ts';
import { addConfigOptions, configSources } from '../config/config-flags.ts';
import { withEmbedded } from '../config/up-registry.ts';
import { hostsFromEnvironment } from '../certs/options.ts';
import { localNames, prepareCertificates } from './first-certificates.ts';
import { prepareFirstUser } from './first-user.ts';
import { findInvocation } from '../terminal/invocation.ts';
import { findReachable } from './reachable.ts';
import { deferReloads, runUntilStopped, warnIfExposed, warnIfUnready } from './serve.ts';
import { reportingChanges } from './config-changes.ts';
import { isHuman, openServingLog } from './serving-log.ts';
import { startServing, type ServingGate } from './start-serving.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { renderWelcome } from './welcome.ts';

interface UpOptions {
  readonly data?: string;
  readonly host?: readonly string[];
}

const FALLBACK_PORT = 8443;

/** `up`, also `npm start`: makes what is missing, serves, and says what to type next. A second start changes nothing. */
export function upCommand(terminal: Terminal): Command {
  const command = new Command('up')
    .option(
      '--host <NAME>',
      'Another name or address by which clients reach this machine. Repeatable.',
      collect,
    )
    .option(
      '--data <DIR>',
      'The folder of the embedded registry, unless --backend names another registry. Default: ./data.',
    );
  addConfigOptions(command);
  return command.action(async (options: UpOptions) => {
    const reloadIfAsked = deferReloads(terminal);
    checkRuntime(terminal.platform);
    const sources = configSources({ ...options }, terminal);
    const loaded = await loadConfigWithOrigins(sources);
    const config = settle(loaded, options.data, terminal);
    const invocation = findInvocation(terminal.env, terminal.startedAs);
    const hosts = options.host ?? hostsFromEnvironment(terminal);
    const certificates = await prepareCertificates(config, {
      given: hosts,
      found: [...listenedOn(config), ...localNames(invocation.isContainer)],
    });
    // A container engine records all output.
    const first = await prepareFirstUser(config, terminal.isTTY && !invocation.isContainer);
    const log = openServingLog(config, terminal, { shared: config.workers !== 1 });
    try {
      const { gate: started, refused } = await startOr(first.withdraw, () =>
        startOnFreePort({ config, origins: loaded.origins }, log),
      );
      const load = async (): Promise<Config> =>
        settle(await loadConfigWithOrigins(sources), options.data, terminal);
      const gate = reportingChanges(started, { config, load, log });
      const [{ names }, { isContainer }] = [certificates, invocation];
      const reachable = findReachable({ addresses: gate.addresses, names, hosts, isContainer });
      const plainPort = config.redirectListen && gate.ports.at(-1);
      const said = { certificates, reachable, plainPort, refused, firstUser: first.user, invocation };
      terminal.err(renderWelcome(said));
      void warnIfUnready(gate, log);
      void warnIfExposed(config.backend, log);
      reloadIfAsked(gate);
      await runUntilStopped(gate, terminal, config.timeouts.drainSeconds);
    } catch (error) {
      if (terminal.isStopAsked?.() !== true) throw error;
    } finally {
      log.flush();
    }
  });
}

/** The configuration that `up` serves with. */
function settle(loaded: LoadedConfig, data: string | undefined, terminal: Terminal): Config {
  return quietAsJson(withEmbedded(loaded, data), loaded, terminal);
}

/** Removes the first user if the start fails: its password was not shown. */
async function startOr<T>(withdraw: () => Promise<void>, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await withdraw();
    throw error;
  }
}

/** Configured listen addresses belong in the certificate, also those of internal networks. */
function listenedOn({ listen }: Config): readonly string[] {
  return listen.flatMap(({ host = '::' }) =>
    ['0.0.0.0', '::'].includes(host) || 'reason' in parseSubjectName(host) ? [] : [host],
  );
}

/** Logs only warnings as JSON, unless a level is configured: a line per request would hide the text of `up`. */
function quietAsJson(config: Config, { origins }: LoadedConfig, terminal: Terminal): Config {
  if (origins.has('log.level') || isHuman(config.log.format, terminal)) return config;
  return { ...config, log: { ...config.log, level: 'warn' } };
}

interface Started {
  readonly gate: ServingGate;
  /** The system error that prevented port 443. */
  readonly refused: string | undefined;
}

/** Starts on port 443, or on 8443 if 443 is not available and no address is configured. */
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
  const names = value.split(',').filter(Boolean);
  // A value without a name is refused as empty.
  return [...(previous ?? []), ...(names.length === 0 ? [''] : names)];
}
