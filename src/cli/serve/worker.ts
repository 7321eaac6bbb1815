import { Command } from 'commander';
import { AppError } from '../../lib/errors.ts';
import { startGate, type Gate } from '../../app/start.ts';
import { describeFailure, CUT, FAILED, RELOAD, STARTED, STOP, UNREADY } from '../../cluster/lifecycle.ts';
import { createWorkerLink } from '../../cluster/worker-link.ts';
import type { Bus } from '../../cluster/bus.ts';
import { findUpstream } from '../../cluster/processes.ts';
import { EXIT, type ExitStatus } from '../terminal/exit-status.ts';
import { openServingLog } from './serving-log.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { SETTINGS } from './worker-settings.ts';

/** `worker SLOT SIZE`: one process of `--workers`. It gets its settings from the primary, and ends when the primary says so or dies. */
export function workerCommand(terminal: Terminal, exit: ExitStatus): Command {
  return new Command('worker')
    .argument('<slot>', 'The number of this worker, from 0.', Number)
    .argument('<size>', 'How many there are.', Number)
    .action(async (slot: number, size: number) => {
      const upstream = findUpstream();
      if (upstream === undefined) {
        throw new AppError('USAGE', {
          message: 'A worker is not started by hand.',
          hint: 'Start them all: registry-gate serve --workers auto',
        });
      }
      // A terminal and systemd signal all processes. Workers ignore it: the primary tells them what to do.
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
        terminal.onSignal(signal, () => undefined);
      const link = createWorkerLink({ slot, size, send: (message) => upstream.send(message) });
      upstream.onMessage((message) => link.receive(message));
      await serveWithSettings(link.bus, terminal, exit);
    });
}

async function serveWithSettings(bus: Bus, terminal: Terminal, exit: ExitStatus): Promise<void> {
  const { config, secrets, ports } = await bus.request(SETTINGS, undefined);
  const log = openServingLog(config, terminal, { shared: true, worker: bus.slot + 1 });
  try {
    const gate = await startGate(config, log, { bus, secrets, ports });
    const stopped = untilStopped(gate, bus, () => log.flush());
    await bus.request(STARTED, { addresses: gate.addresses, ports: gate.ports });
    await stopped;
  } catch (error) {
    exit.code = EXIT.failed;
    log.flush();
    await bus.request(FAILED, describeFailure(error));
  }
}

function untilStopped(gate: Gate, bus: Bus, flush: () => void): Promise<void> {
  bus.handle(RELOAD, () => gate.reload());
  bus.handle(UNREADY, () => gate.unready());
  bus.handle(CUT, () => gate.stopNow());
  return new Promise((resolve) => {
    bus.handle(STOP, async () => {
      await gate.stop();
      flush();
      resolve();
    });
  });
}
