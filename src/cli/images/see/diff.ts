import { Command } from 'commander';
import {
  compareImages,
  type Change,
  type ImageDiff,
  type LayerInBoth,
} from '../../../images/view/diff-images.ts';
import { printable, printableJson } from '../../../lib/printable.ts';
import { renderSize } from '../../terminal/amounts.ts';
import { hasColours, paint, type Colour } from '../../terminal/colours.ts';
import { EXIT, type ExitStatus } from '../../terminal/exit-status.ts';
import { reportError } from '../../terminal/report-error.ts';
import { printTable, type Column } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { addConnectionOptions } from '../connection/connection-options.ts';
import { openConnections } from '../connection/connections.ts';
import { addPlatformOption, openSeen, type Seen, type SeeOptions } from './open-seen.ts';

const DETAILS = `
Exit codes are those of diff: 0 if configuration and layers are the same, 1 if something differs, 2 for any trouble.
The last line says how many bytes a host that has the first image fetches for the second.`;

const LAYERS: readonly Column[] = [
  { title: 'LAYER' },
  { title: 'DIGEST' },
  { title: 'SIZE', align: 'right' },
  { title: '' },
];

/** `images diff`: shows what changed from one image to another. */
export function diffCommand(terminal: Terminal, exit: ExitStatus): Command {
  const command = new Command('diff')
    .description('Show what changed in configuration and layers, and what a host that has A fetches for B.')
    .argument('<A>', 'An image of a registry, or of an archive.')
    .argument('<B>', 'The image to compare it with.')
    .option('--json', 'Print JSON.')
    .addHelpText('after', DETAILS);
  addConnectionOptions(addPlatformOption(command));
  return command.action(async (a: string, b: string, options: SeeOptions) => {
    try {
      exit.code = (await compare(a, b, options, terminal)) ? EXIT.done : EXIT.failed;
    } catch (error) {
      // Exit code 1 says that the images differ.
      reportError(error, terminal);
      exit.code = EXIT.usage;
    }
  });
}

/** Returns whether the images are the same. */
async function compare(a: string, b: string, options: SeeOptions, terminal: Terminal): Promise<boolean> {
  const connections = await openConnections(options, terminal);
  try {
    const [left, right] = await Promise.all([
      openSeen(connections, a, options),
      openSeen(connections, b, options),
    ]);
    const diff = compareImages(comparedOf(left), comparedOf(right));
    if (options.json === true) terminal.out(`${printableJson(jsonOf(left, right, diff), 2)}\n`);
    else print(diff, terminal);
    const failure = await terminal.outFailure?.();
    if (failure !== undefined) throw failure;
    return diff.isSame;
  } finally {
    await connections.close();
  }
}

function comparedOf({ opened, config }: Seen): Parameters<typeof compareImages>[0] {
  return { manifest: opened.manifest, config };
}

function jsonOf({ opened: a }: Seen, { opened: b }: Seen, diff: ImageDiff): object {
  const { isSame, changes, layers, sharedBytes, fetchBytes, totalBytes } = diff;
  return {
    same: isSame,
    a: a.stored.digest.text,
    b: b.stored.digest.text,
    changes: changes.map(({ what, name, before, after }) => ({
      what,
      name: name ?? null,
      before: before ?? null,
      after: after ?? null,
    })),
    layers: layers.map(({ state, digest, diffId, size, isRecompressed }) => ({
      state,
      digest,
      diffId: diffId ?? null,
      size,
      recompressed: isRecompressed,
    })),
    sharedBytes,
    fetchBytes,
    totalBytes,
  };
}

function print(
  { changes, layers, sharedBytes, fetchBytes, totalBytes }: ImageDiff,
  terminal: Terminal,
): void {
  const isOn = hasColours(terminal);
  for (const change of changes)
    for (const line of linesOf(change)) terminal.out(`${paint(line, colourOf(line), isOn)}\n`);
  if (changes.length > 0 && layers.length > 0) terminal.out('\n');
  printTable(terminal, LAYERS, layers.map(rowOf));
  terminal.out(
    `${terminal.isOutTTY ? '\n' : ''}Shared: ${renderSize(sharedBytes)}. To fetch: ${renderSize(fetchBytes)} of ${renderSize(totalBytes)}.\n`,
  );
}

function linesOf({ what, name, before, after }: Change): readonly string[] {
  const line = (sign: string, value: string | undefined): readonly string[] => {
    if (value === undefined) return [];
    const named = name === undefined ? what : `${what} ${printable(name)}`;
    return [`${sign} ${named}${value === '' ? '' : `: ${printable(value)}`}`];
  };
  return [...line('-', before), ...line('+', after)];
}

function colourOf(line: string): Colour {
  return line.startsWith('-') ? 'red' : 'green';
}

function rowOf({ state, digest, size, isRecompressed }: LayerInBoth): readonly string[] {
  const sign = { same: '=', removed: '-', added: '+' }[state];
  return [sign, digest, renderSize(size), isRecompressed ? 'the same files, compressed in another way' : ''];
}
