import { Command } from 'commander';
import { readFiles, type FilesOptions, type Layers } from '../../../images/layers/image-files.ts';
import { listFiles, type ListedFile, type ListOptions } from '../../../images/layers/list-files.ts';
import { notFound } from '../../../images/layers/file-problems.ts';
import { isGlob, matchesGlob, parseGlob } from '../../../images/layers/path-glob.ts';
import { ROOT } from '../../../images/layers/file-table.ts';
import { resolvePath } from '../../../images/layers/resolve-path.ts';
import type { FileIndex } from '../../../images/layers/file-index.ts';
import type { Descriptor } from '../../../images/model/descriptor.ts';
import { AppError } from '../../../lib/errors.ts';
import { printableJson } from '../../../lib/printable.ts';
import { openTable } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { cellsOf, COLUMNS, jsonOf } from './file-row.ts';
import { addLayersOptions, pathOfArgument, withLayers, type LayersOptions } from './layers-options.ts';

interface FilesCommandOptions extends LayersOptions {
  readonly layer?: string;
  readonly recursive?: true;
}

const DETAILS = `
PATH is a directory, a file, or a pattern: * and ? stand for letters of one name, ** for directories too. A symbolic link
at its end is shown, with a slash after it followed. With --layer, all files of the layer are listed: what it removes
has a D in place of a mode, and a directory that hides what lower layers have in it an O at the end of its mode.`;

/** `images files`: lists the files of an image. */
export function filesCommand(terminal: Terminal): Command {
  const command = new Command('files')
    .description('List the files of an image, or of one of its layers, without a pull.')
    .argument(
      '<image>',
      'An image of a registry, or of an archive: oci-archive:FILE, docker-archive:FILE, oci:DIR, -',
    )
    .argument('[path]', 'A directory, a file or a pattern. Default: the root.')
    .option(
      '--layer <LAYER>',
      'One layer alone: its number, 1 being the lowest, or the beginning of its digest.',
    )
    .option('-r, --recursive', 'List what is in directories, too.')
    .option('--json', 'Print JSON, one object a line.')
    .addHelpText('after', DETAILS);
  return addLayersOptions(command).action(
    async (image: string, path: string | undefined, options: FilesCommandOptions) =>
      withLayers(image, options, terminal, async (layers, reading) => {
        const files = await findFiles(layers, pathOfArgument(path ?? '/'), options, reading);
        await print(files, options, terminal);
      }),
  );
}

async function findFiles(
  { source, layers }: Layers,
  path: string,
  { layer, recursive }: FilesCommandOptions,
  reading: FilesOptions,
): Promise<Iterable<ListedFile>> {
  const one = layer === undefined ? undefined : chooseLayer(layers, layer);
  const listing = { isRecursive: recursive === true || one !== undefined, hasWhiteouts: one !== undefined };
  const chosen = { source, layers: one === undefined ? layers : [one] };
  if (isGlob(path)) return matching(await readFiles(chosen, reading), path, listing);
  const isEnough = (index: FileIndex): boolean => isFile(index, path);
  const index = await readFiles(chosen, reading, { isEnough });
  const found = resolvePath(index, path, { followLast: false, isComplete: true });
  if (found.kind !== 'found') throw notFound(path, found.kind);
  return listFiles(index, found.node, listing);
}

/** Whether a path is known to lead to one file, or to none, so that lower layers have nothing to add. */
function isFile(index: FileIndex, path: string): boolean {
  const found = resolvePath(index, path, { followLast: false, isComplete: false });
  return found.kind === 'missing' || (found.kind === 'found' && !index.table.isDirectory(found.node));
}

function* matching(index: FileIndex, path: string, listing: ListOptions): Generator<ListedFile> {
  const glob = parseGlob(path);
  let within: string | undefined;
  let count = 0;
  for (const file of listFiles(index, ROOT, { ...listing, isRecursive: true })) {
    const isWithin = within !== undefined && file.path.startsWith(within);
    const isMatch = matchesGlob(glob, file.path);
    if (!isMatch && !(listing.isRecursive && isWithin)) continue;
    count += 1;
    if (isMatch && !isWithin) within = `${file.path}/`;
    yield file;
  }
  if (count === 0) throw notFound(path, 'missing');
}

function chooseLayer(layers: readonly Descriptor[], text: string): Descriptor {
  const digest = text.includes(':') ? text : `sha256:${text}`;
  const found = /^\d{1,4}$/.test(text)
    ? layers[Number(text) - 1]
    : layers.find((layer) => layer.digest.text.startsWith(digest));
  if (found !== undefined) return found;
  throw new AppError('USAGE', {
    message: `The image has no layer ${JSON.stringify(text.slice(0, 100))}, only ${layers.length}.`,
    hint: 'See its layers: registry-gate images history --no-trunc IMAGE',
  });
}

async function print(
  files: Iterable<ListedFile>,
  { json }: FilesCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const table = json === true ? undefined : openTable(terminal, COLUMNS);
  for (const file of files) {
    if (table === undefined) terminal.out(`${printableJson(jsonOf(file))}\n`);
    const isRead = table === undefined ? await terminal.outTaken?.() : await table.row(cellsOf(file));
    if (isRead === false) return;
  }
  table?.end();
}
