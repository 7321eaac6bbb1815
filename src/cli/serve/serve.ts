import { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Backend } from '../../config/values/backend-url.ts';
import type { Logger } from '../../lib/logger.ts';
import { exposureOf } from '../../app/backend/exposed-backend.ts';
import { checkRuntime } from '../../lib/node/runtime-check.ts';
import type { Gate } from '../../app/start.ts';
import { addConfigOptions, configSources } from '../config/config-flags.ts';
import { reportingChanges } from './config-changes.ts';
import { openServingLog } from './serving-log.ts';
import { startServing, type ServingGate } from './start-serving.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `serve`: runs the gate. It never makes users or certificates: see `certs init` and `users add`. */
export function serveCommand(terminal: Terminal): Command {
  const command = new Command('serve');
  addConfigOptions(command);
  command.addHelpText(
    'after',
    '\nSIGHUP reloads certificate and users at once, and logs which options have changed; if the terminal was closed, it stops the gate. SIGTERM and SIGINT let running transfers finish, a second one cuts them off.',
  );
  return command.action(async (options: Readonly<Record<string, unknown>>) => {
    const reloadIfAsked = deferReloads(terminal);
    checkRuntime(terminal.platform);
    const load = (): Promise<Config> => loadConfig(configSources(options, terminal));
    const config = await load();
    const log = openServingLog(config, terminal, { shared: config.workers !== 1 });
    try {
      const gate = reportingChanges(await startServing(config, log), { config, load, log });
      void warnIfUnready(gate, log);
      void warnIfExposed(config.backend, log);
      reloadIfAsked(gate);
      await runUntilStopped(gate, terminal, config.timeouts.drainSeconds);
      log.info({}, 'stopped');
    } catch (error) {
      // A stop during the start also ends the workers, which is no error.
      if (terminal.isStopAsked?.() !== true) throw error;
    } finally {
      log.flush();
    }
  });
}

/** Keeps a SIGHUP that comes during the start until the gate runs: without a listener it would end the process. */
export function deferReloads(terminal: Terminal): (gate: Gate) => void {
  let isAsked = false;
  terminal.onSignal('SIGHUP', () => void (isAsked = true));
  return (gate) => {
    if (isAsked) void gate.reload();
  };
}

/** Warns if the registry does not answer. The gate serves anyway: the two may be started in any order. */
export async function warnIfUnready(gate: Gate, log: Logger): Promise<void> {
  const reason = await gate.unready();
  if (reason !== undefined) log.warn({ reason }, 'not ready yet: pushes and pulls will fail');
}

/** Warns if clients can reach the registry without the gate. */
export async function warnIfExposed(backend: Backend, log: Logger): Promise<void> {
  const warning = await exposureOf(backend);
  if (warning !== undefined) log.warn({ warning }, 'the registry is open to others');
}

/** Serves until a signal stops it, and resolves when the last transfer has ended. Rejects if the gate can't serve any longer. */
export async function runUntilStopped(
  gate: ServingGate,
  terminal: Terminal,
  drainSeconds: number,
): Promise<void> {
  const stopListening: (() => void)[] = [];
  await new Promise<void>((resolve, reject) => {
    gate.lost?.catch(reject);
    let isStopping = false;
    const stop = (): void => {
      if (isStopping) {
        gate.stopNow();
        return;
      }
      isStopping = true;
      if (terminal.isTTY)
        terminal.err(
          `\nStopping. Running transfers may take up to ${drainSeconds} s; Ctrl-C again cuts them off.\n`,
        );
      gate.stop().then(resolve, reject);
    };
    stopListening.push(
      terminal.onSignal('SIGTERM', stop),
      terminal.onSignal('SIGINT', stop),
      terminal.onSignal('SIGHUP', () => {
        if (!terminal.isClosed()) void gate.reload();
        else if (!isStopping) stop();
      }),
    );
    // The terminal may have been closed while the gate started.
    if (terminal.isClosed()) stop();
  });
  for (const stopOne of stopListening) stopOne();
}
