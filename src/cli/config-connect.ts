import { access, constants } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { renderBackend } from '../config/backend-url.ts';
import { AppError, systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { isForbidden, ownershipCure } from '../lib/ownership.ts';
import { openLane } from '../server/lane.ts';
import { createLocalBus } from '../workers/bus.ts';

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Asks the registry as a gate with this configuration would. Throws AppError BACKEND_UNREACHABLE, FILE_UNWRITABLE. */
export async function tryBackend(config: Config): Promise<void> {
  if (config.backend.kind === 'embedded') return tryFolder(config.backend.directory);
  const reason = await askOnce(config);
  if (reason === undefined) return;
  throw new AppError('BACKEND_UNREACHABLE', {
    message: `${renderBackend(config.backend)} (--backend): ${reason}.`,
    hint: 'Start the registry, or name the right one with --backend URL. The registry inside the gate: --backend embedded:./data',
  });
}

async function askOnce(config: Config): Promise<string | undefined> {
  const { bus } = createLocalBus();
  const lane = await openLane({ config, bus, now: () => performance.now(), logger: SILENT });
  try {
    return await lane.unready();
  } finally {
    await lane.close();
  }
}

/** Where there is no folder yet it is made at the start; this command makes none. */
async function tryFolder(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw new AppError('FILE_UNWRITABLE', {
      message: `The registry in ${directory} can't be written (${systemCode(error) ?? String(error)}).`,
      hint: isForbidden(error)
        ? ownershipCure(`${directory}/docker`, 'write')
        : `Name another folder: --backend embedded:DIR`,
      cause: error,
    });
  }
}
