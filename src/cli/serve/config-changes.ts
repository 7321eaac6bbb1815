import { changedOptions } from '../../config/changes.ts';
import type { Config } from '../../config/schema/schema.ts';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ServingGate } from './start-serving.ts';

interface ChangeReportOptions {
  /** The configuration at the start. */
  readonly config: Config;
  /** Reads the configuration again. */
  readonly load: () => Promise<Config>;
  readonly log: Logger;
}

/**
 * Wraps a gate so that a reload also logs which options have changed since the start. Options take effect at a start
 * only; a reload reads the files that they name.
 */
export function reportingChanges(gate: ServingGate, { config, load, log }: ChangeReportOptions): ServingGate {
  return {
    ...gate,
    reload: async () => {
      await Promise.all([gate.reload(), logChanges(config, load, log)]);
    },
  };
}

async function logChanges(config: Config, load: () => Promise<Config>, log: Logger): Promise<void> {
  try {
    const changed = changedOptions(config, await load());
    if (changed.length === 0) log.info({}, 'the configuration has not changed since the start');
    else
      log.warn(
        { changed },
        'the configuration has changed: restart the gate for these options to take effect',
      );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.error(
      { reason: error.message },
      'the configuration has changed and is not valid: the next start would fail',
    );
  }
}
