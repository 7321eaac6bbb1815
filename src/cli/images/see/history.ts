import { Command, InvalidArgumentError } from 'commander';
import { readBack } from '../../../images/view/dockerfile/read-back.ts';
import { readHistory, type HistoryStep } from '../../../images/view/history.ts';
import { AppError } from '../../../lib/errors.ts';
import { printable, printableJson } from '../../../lib/printable.ts';
import { renderAge, renderSize } from '../../terminal/amounts.ts';
import { printTable, type Column } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { addConnectionOptions } from '../connection/connection-options.ts';
import { openConnections } from '../connection/connections.ts';
import { addPlatformOption, openSeen, type Seen, type SeeOptions } from './open-seen.ts';

interface HistoryOptions extends SeeOptions {
  readonly trunc: boolean;
  readonly human: boolean;
  readonly quiet?: true;
  readonly dockerfile?: true;
}

const DETAILS = `
The newest step comes first. SIZE is that of the layer as it is stored: compressed in a registry as a rule, and a tar in
what docker save of older engines writes; docker prints the size of the files. Steps without a layer have 0B.`;

const COLUMNS: readonly Column[] = [
  { title: 'IMAGE' },
  { title: 'CREATED' },
  { title: 'CREATED BY', cut: true },
  { title: 'SIZE' },
  { title: 'COMMENT', cut: true },
];
/** What docker shows of a command. */
const MOST_LETTERS = 45;
/** The name of steps that are no images of their own, which docker gives all but the last. */
const MISSING = '<missing>';

/** `images history`: shows how an image was made. */
export function historyCommand(terminal: Terminal): Command {
  const command = new Command('history')
    .description('Show how an image was made, step by step, or read it back as a Dockerfile.')
    .argument(
      '<image>',
      'An image of a registry, or of an archive: oci-archive:FILE, docker-archive:FILE, oci:DIR, -',
    )
    .option('--no-trunc', 'Print commands and digests whole.')
    .option(
      '-H, --human [BOOLEAN]',
      'Print sizes and dates for people. --human=false: bytes and moments.',
      parseBoolean,
      true,
    )
    .option('-q, --quiet', 'Print the ids alone.')
    .option('--dockerfile', 'Read the history back as a Dockerfile. What can not be known is a comment.')
    .option('--json', 'Print JSON.')
    .addHelpText('after', DETAILS);
  addConnectionOptions(addPlatformOption(command));
  return command.action(async (image: string, options: HistoryOptions) => {
    const connections = await openConnections(options, terminal);
    try {
      print(await openSeen(connections, image, options), image, options, terminal);
    } finally {
      await connections.close();
    }
  });
}

function parseBoolean(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('It must be true or false: --human=false');
}

function print({ opened, config }: Seen, image: string, options: HistoryOptions, terminal: Terminal): void {
  if (config === undefined) throw noHistory(image);
  const { manifest } = opened;
  const steps = readHistory(config, manifest.layers);
  if (options.dockerfile === true) {
    const base = manifest.annotations['org.opencontainers.image.base.name'];
    printLines(readBack(steps, config, { name: image, base }), terminal);
    return;
  }
  const id = manifest.config.digest.text;
  const rows = steps.toReversed().map((step, at) => ({ id: at === 0 ? id : undefined, step }));
  if (options.json === true) terminal.out(`${printableJson(rows.map(jsonOf), 2)}\n`);
  else if (options.quiet === true) for (const row of rows) terminal.out(`${idOf(row, options)}\n`);
  else
    printTable(
      terminal,
      COLUMNS,
      rows.map((row) => cellsOf(row, options, terminal)),
    );
}

/** Tabs may be part of a command. */
function printLines(text: string, terminal: Terminal): void {
  const lines = text.split('\n').map((line) => line.split('\t').map(printable).join('\t'));
  terminal.out(lines.join('\n'));
}

function noHistory(image: string): AppError {
  return new AppError('IMAGE_INVALID', {
    message: `${image} is no container image, so it has no history.`,
    hint: `See what it is: registry-gate images inspect ${image}`,
  });
}

interface Row {
  /** Of the image, for its last step. */
  readonly id: string | undefined;
  readonly step: HistoryStep;
}

function idOf({ id }: Row, { trunc }: HistoryOptions): string {
  if (id === undefined) return MISSING;
  return trunc ? id.slice(id.indexOf(':') + 1).slice(0, 12) : id;
}

function cellsOf(row: Row, options: HistoryOptions, terminal: Terminal): readonly string[] {
  const { created, createdBy, size, comment } = row.step;
  const command = createdBy.replace(/[\t\r\n]/g, ' ');
  const isCut = options.trunc && terminal.isOutTTY && command.length > MOST_LETTERS;
  return [
    idOf(row, options),
    options.human ? renderAge(Date.parse(created), Date.now()) : created,
    isCut ? `${command.slice(0, MOST_LETTERS - 1)}…` : command,
    sizeOf(size, options.human),
    comment,
  ];
}

function sizeOf(size: number | undefined, human: boolean): string {
  if (size === undefined) return '';
  return human ? renderSize(size) : String(size);
}

function jsonOf({ id, step }: Row): object {
  const { created, createdBy, comment, size, isCompressed, isEmpty, layer, diffId } = step;
  return {
    id: id ?? null,
    created: created === '' ? null : created,
    createdBy,
    comment,
    size: size ?? null,
    compressed: isCompressed,
    empty: isEmpty,
    layer: layer === undefined ? null : { mediaType: layer.mediaType, digest: layer.digest.text },
    diffId: diffId ?? null,
  };
}
