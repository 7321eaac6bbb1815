import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { keepReserve } from '../../lib/files/reserve.ts';
import { openAuditTrail } from '../../app/observe/audit.ts';
import { startGate, type Gate } from '../../app/start.ts';
import { serveLimiters } from '../../app/cluster/limiters.ts';
import { countForWorkers, openThrottling } from '../../app/auth/throttling.ts';
import { makeSpareKeys } from '../../auth/tokens/store/key-ring.ts';
import { Supervisor } from '../../cluster/supervisor.ts';
import { createBroker } from '../../cluster/broker.ts';
import { RELOAD, UNREADY } from '../../cluster/lifecycle.ts';
import { forkWorker } from '../../cluster/processes.ts';
import { SETTINGS, type WorkerSettings } from './worker-settings.ts';

/** A gate in one process or several. */
export interface ServingGate extends Gate {
  /** Rejects if all workers have died and none can be started. */
  readonly lost?: Promise<never>;
}

/** How much longer than its transfers a worker may take to end, in milliseconds. */
const FAREWELL_MS = 10_000;
const RELOAD_MS = 30_000;

/** Starts a gate: in this process if `workers` is 1, else in worker processes with this one as their primary. */
export async function startServing(config: Config, log: Logger): Promise<ServingGate> {
  const size = config.workers === 'auto' ? availableParallelism() : config.workers;
  const gate = await (size === 1 ? startGate(config, log) : startWorkers(config, size, log));
  void keepReserves(config);
  return gate;
}

/** Reserves disk space, so that users, tokens and certificates can be changed even on a full disk. */
async function keepReserves({ certs, users, state }: Config): Promise<void> {
  for (const directory of new Set([certs, dirname(users), state])) await keepReserve(directory);
}

async function startWorkers(config: Config, size: number, log: Logger): Promise<ServingGate> {
  const broker = createBroker();
  const seed = randomBytes(32);
  const secrets = { seed, spareKeys: await makeSpareKeys(Date.now()) };
  const limiterServer = serveLimiters(config.limits, broker);
  broker.handle(SETTINGS, (_nothing, slot) => {
    // A new worker has this slot: release the permits of the previous one.
    limiterServer.forget(slot);
    return { config, secrets, ports: supervisor.listening?.ports } satisfies WorkerSettings;
  });
  const throttling = await openThrottling(config, log);
  if (throttling !== undefined) countForWorkers(broker, throttling);
  const openingAudit = openAuditTrail({ config, broker, workers: size, logger: log });
  const audit = await openingAudit.catch(async (error: unknown) => {
    await throttling?.close();
    throw error;
  });
  const descriptors = config.listen.flatMap(({ fd }) => fd ?? []);
  const supervisor = new Supervisor({
    size,
    broker,
    fork: (slot) => forkWorker(['worker', String(slot), String(size)], descriptors),
    logger: log,
    stopMs: config.timeouts.drainSeconds * 1000 + FAREWELL_MS,
  });
  const listening = await supervisor.start().catch(async (error: unknown) => {
    await Promise.all([audit?.close(), throttling?.close()]);
    throw error;
  });
  const addresses = listening.addresses.filter(isAddressInfo);
  log.info({ workers: size }, 'ready');
  return {
    addresses,
    ports: listening.ports,
    lost: supervisor.lost,
    unready: async () => (await broker.collect(UNREADY, undefined)).find((reason) => reason !== undefined),
    reload: async () => {
      await Promise.all([broker.collect(RELOAD, undefined, RELOAD_MS), audit?.reopen()]);
    },
    stop: async () => {
      await supervisor.stop();
      await throttling?.close();
      await audit?.close();
    },
    stopNow: () => supervisor.cut(),
  };
}

function isAddressInfo(value: unknown): value is AddressInfo {
  return typeof value === 'object' && value !== null && 'port' in value;
}
