import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Choice, CopyRequest } from '../../../images/copy/request/copy-request.ts';
import { hostPlatform } from '../../../images/model/host-platform.ts';
import { parsePlatform, type Platform } from '../../../images/model/platform.ts';
import { AppError } from '../../../lib/errors.ts';
import { addConnectionOptions, type ConnectionOptions } from '../connection/connection-options.ts';

/** What `images copy`, `images save` and `images load` have in common. */
export interface TransferOptions extends ConnectionOptions {
  readonly platform?: readonly Platform[];
  readonly all?: true;
  readonly parallel: number;
  readonly quiet?: true;
  readonly json?: true;
}

/** Adds the options that say how much is transferred, and what is said of it. */
export function addTransferOptions(command: Command): Command {
  command
    .addOption(
      new Option(
        '--platform <OS/ARCH>',
        'Copy only the images of this platform. May be given several times. A part of an index is a new index.',
      ).argParser(addPlatform),
    )
    .option('--all', 'Copy all platforms. This is the default where the target can hold them.')
    .addOption(
      new Option('--parallel <N>', 'How many blobs are transferred at once.')
        .argParser(parseParallel)
        .default(4),
    )
    .option('--quiet', 'Show no progress.')
    .option('--json', 'Print JSON.');
  return addConnectionOptions(command);
}

function addPlatform(text: string, before: readonly Platform[] | undefined): readonly Platform[] {
  try {
    return [...(before ?? []), parsePlatform(text)];
  } catch (error) {
    throw error instanceof AppError ? new InvalidArgumentError(`${error.hint}`) : error;
  }
}

/** More than this at once helps nobody, and registries refuse it. */
const MOST_PARALLEL = 32;

function parseParallel(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MOST_PARALLEL)
    throw new InvalidArgumentError(`It must be a number from 1 to ${MOST_PARALLEL}.`);
  return count;
}

/** Returns what the options say of the images that are copied. Throws AppError USAGE. */
export function choiceOf({ platform, all }: TransferOptions): Pick<CopyRequest, 'choice' | 'host'> {
  if (platform !== undefined && all === true)
    throw new AppError('USAGE', {
      message: '--all and --platform exclude each other.',
      hint: 'Leave one of them out.',
    });
  const choice: Choice | undefined =
    platform !== undefined
      ? { kind: 'platforms', platforms: platform }
      : all === true
        ? { kind: 'all' }
        : undefined;
  return { host: hostPlatform(), ...(choice === undefined ? {} : { choice }) };
}
