import { changedOptions } from '../../config/changes.ts';
import type { Config } from '../../config/schema/schema.ts';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ServingGate } from './start-serving.ts';

interface ChangeReportOptions {
  /** What the gate was started with. */
  readonly config: Config;
  /** Reads the configuration anew. */
  readonly load: () => Promise<Config>;
  readonly log: Logger;
}

/**
 * The same gate, whose reload also says what has changed in the configuration since the start. No option takes effect
 * while it runs: those files are followed that the options name.
 */
export function reportingChanges(gate: ServingGate, { config, load, log }: ChangeReportOptions): ServingGate {
  return {
    ...gate,
    reload: async () => {
      await Promise.all([gate.reload(), sayChanges(config, load, log)]);
    },
  };
}

async function sayChanges(config: Config, load: () => Promise<Config>, log: Logger): Promise<void> {
  try {
    const changed = changedOptions(config, await load());
    if (changed.length === 0) log.info({}, 'the configuration is as it was at the start');
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
