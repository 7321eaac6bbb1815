import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseByteSize } from '../../../config/values/byte-size.ts';
import { bytesOfText, textOfBytes } from '../../../images/layers/byte-text.ts';
import type { FilesOptions, Layers } from '../../../images/layers/image-files.ts';
import { AppError } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';
import { addConnectionOptions } from '../connection/connection-options.ts';
import { runConnected } from '../connection/run-connected.ts';
import { addPlatformOption, openSeen, platformChoice, type SeeOptions } from '../see/open-seen.ts';
import type { Terminal } from '../../terminal/terminal.ts';

export interface LayersOptions extends SeeOptions {
  /** In bytes. */
  readonly limit: number;
}

const DEFAULT_LIMIT = '16GiB';

/** Adds the options of a command that looks into layers. */
export function addLayersOptions(command: Command): Command {
  command.addOption(
    new Option('--limit <SIZE>', 'The most that one layer may unpack to, like 500MB or 64GiB.')
      .default(parseByteSize(DEFAULT_LIMIT), DEFAULT_LIMIT)
      .argParser(parseLimit),
  );
  return addConnectionOptions(addPlatformOption(command));
}

function parseLimit(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes === undefined || bytes === 0)
    throw new InvalidArgumentError('It must be a size like 500MB or 64GiB.');
  return bytes;
}

/** How many passed-over entries are named one by one. */
const MOST_NOTES = 10;

/** What a command does with the layers of an image. */
type LayersWork = (layers: Layers, options: FilesOptions) => Promise<void>;

/** Opens an image, runs the work, and stops it on Ctrl-C. */
export async function withLayers(
  image: string,
  options: LayersOptions,
  terminal: Terminal,
  work: LayersWork,
): Promise<void> {
  platformChoice(options);
  const notes = countNotes(terminal);
  await runConnected(
    terminal,
    options,
    async (connections, signal) => {
      const { source, opened, config } = await openSeen(connections, image, options);
      if (config === undefined) throw noFiles(image);
      await work(
        { source, layers: opened.manifest.layers },
        { limit: options.limit, onNote: notes.add, signal },
      );
      notes.end();
    },
    interrupted,
  );
}

function interrupted(): AppError {
  return new AppError('INTERRUPTED', { message: 'Stopped. Nothing was written.' });
}

function noFiles(image: string): AppError {
  return new AppError('IMAGE_INVALID', {
    message: `${printable(image)} is no container image, so it has no files.`,
    hint: `See what it is: registry-gate images inspect ${printable(image)}`,
  });
}

function countNotes(terminal: Terminal): { readonly add: FilesOptions['onNote']; readonly end: () => void } {
  let count = 0;
  return {
    add: (name, reason) => {
      count += 1;
      const shown = printable(textOfBytes(name.slice(0, 200)));
      if (count <= MOST_NOTES)
        terminal.err(`registry-gate: passed over ${JSON.stringify(shown)}: ${reason}\n`);
    },
    end: () => {
      if (count > MOST_NOTES) terminal.err(`registry-gate: passed over ${count - MOST_NOTES} more entries\n`);
    },
  };
}

/** The path of an argument, as layers have it. */
export function pathOfArgument(text: string): string {
  return bytesOfText(text);
}
