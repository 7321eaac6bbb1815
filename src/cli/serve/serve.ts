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
import { startServing } from './start-serving.ts';
import type { ServingGate } from './start-serving.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `serve`: the server. It never invents users or certificates; `certs init` and `users add` make them. */
export function serveCommand(terminal: Terminal): Command {
  const command = new Command('serve').description(
    'Serve the registry over HTTPS to the users of the htpasswd file.',
  );
  addConfigOptions(command);
  command.addHelpText(
    'after',
    '\nSIGHUP looks at certificate and users at once, and says what has changed in the configuration; where it comes because the terminal was closed, it stops. SIGTERM and SIGINT let running transfers end, a second one cuts them.',
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
      // Workers that are told too end where they stand; that is no fault of the start.
      if (terminal.isStopAsked?.() !== true) throw error;
    } finally {
      log.flush();
    }
  });
}

/** SIGHUP ends a process that does not listen for it. One that comes while the gate starts waits until it is there. */
export function deferReloads(terminal: Terminal): (gate: Gate) => void {
  let isAsked = false;
  terminal.onSignal('SIGHUP', () => void (isAsked = true));
  return (gate) => {
    if (isAsked) void gate.reload();
  };
}

/** A gate without a registry serves all the same: the two may be started in any order. But it should not be a riddle. */
export async function warnIfUnready(gate: Gate, log: Logger): Promise<void> {
  const reason = await gate.unready();
  if (reason !== undefined) log.warn({ reason }, 'not ready yet: pushes and pulls will fail');
}

/** The gate is a wall only where there is no way around it. */
export async function warnIfExposed(backend: Backend, log: Logger): Promise<void> {
  const warning = await exposureOf(backend);
  if (warning !== undefined) log.warn({ warning }, 'the registry is open to others');
}

/** Serves until a signal says stop, and resolves when the last transfer has ended. Rejects where it can serve no more. */
export async function runUntilStopped(
  gate: ServingGate,
  terminal: Terminal,
  drainSeconds: number,
): Promise<void> {
  const stopListening: (() => void)[] = [];
  await new Promise<void>((resolve, reject) => {
    gate.lost?.catch(reject);
    let told = false;
    const stop = (): void => {
      if (told) {
        gate.stopNow();
        return;
      }
      told = true;
      if (terminal.isTTY)
        terminal.err(
          `\nStopping. Running transfers may take up to ${drainSeconds} s; Ctrl-C again cuts them.\n`,
        );
      gate.stop().then(resolve, reject);
    };
    stopListening.push(
      terminal.onSignal('SIGTERM', stop),
      terminal.onSignal('SIGINT', stop),
      terminal.onSignal('SIGHUP', () => {
        if (!terminal.isClosed()) void gate.reload();
        else if (!told) stop();
      }),
    );
    // The terminal may have been closed while the gate started.
    if (terminal.isClosed()) stop();
  });
  for (const stopOne of stopListening) stopOne();
}
