import { access, constants } from 'node:fs/promises';
import type { Config } from '../../config/schema/schema.ts';
import { renderBackend } from '../../config/values/backend-url.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { inspectBackend } from '../../app/backend/inspect-backend.ts';

const HINT =
  'Start the registry, or name the right one with --backend URL. The registry inside the gate: --backend embedded:./data';

/** Asks the registry as a gate with this configuration would. Throws AppError BACKEND_UNREACHABLE, FILE_UNWRITABLE. */
export async function tryBackend(config: Config): Promise<void> {
  if (config.backend.kind === 'embedded') return tryFolder(config.backend.directory);
  const found = await inspectBackend(config);
  if (found?.failure === undefined) return;
  const { reason, cure } = found.failure;
  throw new AppError('BACKEND_UNREACHABLE', {
    message: `${renderBackend(config.backend)} (--backend): ${reason}.`,
    hint: cure === undefined ? HINT : `To mend it: ${cure}.\n${HINT}`,
  });
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
