import { Command } from 'commander';
import { findReferrers } from '../../../images/view/find-referrers.ts';
import { inspectImage } from '../../../images/view/inspect-image.ts';
import { readManifest, readSmallBlob } from '../../../images/view/open-image.ts';
import { AppError } from '../../../lib/errors.ts';
import { printable, printableJson, printableJsonText } from '../../../lib/printable.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { addConnectionOptions } from '../connection/connection-options.ts';
import { openConnections, type Connections } from '../connection/connections.ts';
import { findByPath } from './dotted-path.ts';
import { addPlatformOption, openSeen, referenceOf, type SeeOptions } from './open-seen.ts';

interface InspectOptions extends SeeOptions {
  readonly format?: string;
  readonly raw?: true;
  readonly rawConfig?: true;
  readonly referrers: boolean;
}

const DETAILS = `
It prints what docker image inspect prints, with the same keys where they mean the same, and Manifest, Index, Layers,
Annotations and Referrers beside them. Size is that of the layers as they are stored, which is compressed as a rule.`;

/** `images inspect`: shows all that is known of images, as JSON. */
export function inspectCommand(terminal: Terminal): Command {
  const command = new Command('inspect')
    .description('Show all that is known of an image: configuration, layers, platforms, signatures.')
    .argument(
      '<image...>',
      'Images of a registry, or of an archive: oci-archive:FILE, docker-archive:FILE, oci:DIR, -',
    )
    .option('--format <PATH>', 'Print one value: json, or a path like Config.Env or RootFS.Layers.0')
    .option(
      '--raw',
      'Print the manifest as it is stored; of several platforms the index, or that of --platform.',
    )
    .option('--raw-config', 'Print the config as it is stored.')
    .option('--no-referrers', 'Do not look for signatures, SBOMs and attestations.')
    .option('--json', 'Print JSON, as without it.')
    .addHelpText('after', DETAILS);
  addConnectionOptions(addPlatformOption(command));
  return command.action(async (images: readonly string[], options: InspectOptions) => {
    const { raw, rawConfig, format } = options;
    if ([raw, rawConfig, format].filter((option) => option !== undefined).length > 1) throw tooMany();
    const connections = await openConnections(options, terminal);
    try {
      if (raw === true) for (const image of images) await printRaw(connections, image, options, terminal);
      else if (rawConfig === true)
        for (const image of images) await printConfig(connections, image, options, terminal);
      else await printAll(connections, images, options, terminal);
    } finally {
      await connections.close();
    }
  });
}

function tooMany(): AppError {
  return new AppError('USAGE', {
    message: '--raw, --raw-config and --format exclude each other.',
    hint: 'Give one of them. See: registry-gate images inspect --help',
  });
}

async function printAll(
  connections: Connections,
  images: readonly string[],
  options: InspectOptions,
  terminal: Terminal,
): Promise<void> {
  const all: unknown[] = [];
  for (const image of images) all.push(await inspect(connections, image, options));
  const { format } = options;
  if (format === undefined) terminal.out(`${printableJson(all, 4)}\n`);
  else if (format === 'json') for (const one of all) terminal.out(`${printableJson(one)}\n`);
  else for (const one of all) terminal.out(`${renderValue(findByPath(one, format), format)}\n`);
}

/** A text as it is, all else as JSON. */
function renderValue(value: unknown, format: string): string {
  if (typeof value === 'string' && !format.startsWith('{{json')) return printable(value);
  return printableJson(value ?? null);
}

async function inspect(connections: Connections, image: string, options: InspectOptions): Promise<unknown> {
  const seen = await openSeen(connections, image, options);
  const { opened, source } = seen;
  const subjects = [
    ...new Map([opened.root, opened.stored].map(({ digest }) => [digest.text, digest])).values(),
  ];
  const referrers = options.referrers ? await findReferrers(source, subjects) : [];
  return inspectImage({ ...seen, referrers });
}

async function printRaw(
  connections: Connections,
  image: string,
  options: InspectOptions,
  terminal: Terminal,
): Promise<void> {
  if (options.platform !== undefined) {
    printBytes((await openSeen(connections, image, options)).opened.stored.bytes, terminal);
    return;
  }
  // What can't be read otherwise, as an image of schema 1, is shown too.
  const place = await connections.source(image);
  printBytes((await readManifest(place.source, await referenceOf(place, image))).bytes, terminal);
}

async function printConfig(
  connections: Connections,
  image: string,
  options: InspectOptions,
  terminal: Terminal,
): Promise<void> {
  const { source, opened } = await openSeen(connections, image, options);
  printBytes(await readSmallBlob(source, opened.manifest.config), terminal);
}

/** Off a terminal bytes are printed as they are, so that their digest is that of the image. */
function printBytes(bytes: Buffer, terminal: Terminal): void {
  const text = bytes.toString('utf8');
  terminal.out(terminal.isOutTTY ? `${printableJsonText(text)}\n` : text);
}
