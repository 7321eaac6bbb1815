import { Command, Option } from 'commander';
import { copyImage } from '../../../images/copy/copy-image.ts';
import type { CopyReport, CopyRequest } from '../../../images/copy/request/copy-request.ts';
import { AppError } from '../../../lib/errors.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { namesIn } from './names.ts';
import { addTransferOptions, type TransferOptions } from './options.ts';
import { openFrom, openTo, type OpenedFrom, type OpenedTo } from './places.ts';
import { printReports } from './print-reports.ts';
import { runCopies, type CopyContext } from './run-copies.ts';

interface CopyOptions extends TransferOptions {
  readonly referrers?: true;
  readonly format?: 'oci' | 'docker';
  readonly compress?: 'gzip' | 'zstd';
  readonly preserve?: true;
}

const DETAILS = `
SOURCE and TARGET are images of registries (registry.lan/team/app:1), archives (docker-archive:FILE, oci-archive:FILE,
oci:DIRECTORY, each with :NAME if you like), or - for an archive on standard input or output. A target without a tag
gets that of the source. Layers are copied byte for byte and the digest stays, unless something is to be changed: then
the command says so. Run it again after a break: what is there is skipped.
`;

/** `images copy`: copies an image between registries and archives. */
export function copyCommand(terminal: Terminal): Command {
  const command = new Command('copy')
    .description('Copy an image between registries, repositories and archives.')
    .argument('<SOURCE>', 'The image to copy.')
    .argument('<TARGET>', 'Where it goes.')
    .option('--referrers', 'Also copy signatures, SBOMs and attestations that refer to it.')
    .addOption(
      new Option('--format <FORMAT>', 'Write manifests of this format. The digest changes.').choices([
        'oci',
        'docker',
      ]),
    )
    .addOption(
      new Option('--compress <METHOD>', 'Compress layers with this. The digest changes.').choices([
        'gzip',
        'zstd',
      ]),
    )
    .option(
      '--preserve',
      'Keep layers as they are: compressed in a docker-archive, and uncompressed ones of it in a registry.',
    );
  return addTransferOptions(command)
    .addHelpText('after', DETAILS)
    .action(async (source: string, target: string, options: CopyOptions) => {
      refuseContradictions(options, source);
      const reports = await runCopies(terminal, options, (context) =>
        copy({ source, target }, options, context),
      );
      const one = reports.length === 1 ? reports[0] : reports;
      const messages = target === '-' ? { ...terminal, out: terminal.err, isOutTTY: false } : terminal;
      printReports(reports, messages, options.json === true ? () => one : undefined);
    });
}

function refuseContradictions(
  { format, compress, preserve, passwordStdin }: CopyOptions,
  source: string,
): void {
  const clash =
    (format === 'docker' && compress === 'zstd' && '--format docker and --compress zstd') ||
    (preserve === true && compress !== undefined && '--preserve and --compress') ||
    (passwordStdin === true && source === '-' && '--password-stdin and an archive on standard input');
  if (clash === false) return;
  throw new AppError('USAGE', { message: `${clash} exclude each other.`, hint: 'Leave one of them out.' });
}

interface Arguments {
  readonly source: string;
  readonly target: string;
}

async function copy(
  { source, target }: Arguments,
  options: CopyOptions,
  context: CopyContext,
): Promise<readonly CopyReport[]> {
  const from = await openFrom(source, context);
  try {
    const to = await openTo(target, context, { preserve: options.preserve === true });
    try {
      refuseManyInOne(from, to);
      const reports: CopyReport[] = [];
      for (const known of from.images)
        reports.push(
          await copyImage({
            ...requestOf(options, context),
            source: from.source,
            reference: known.reference,
            sourceNames: known.names,
            target: to.target,
            names: namesIn(to.location, known),
          }),
        );
      await to.target.commit();
      return reports;
    } finally {
      await to.target.close();
    }
  } finally {
    await from.source.close();
  }
}

function requestOf(
  options: CopyOptions,
  { request }: CopyContext,
): Omit<CopyRequest, 'source' | 'reference' | 'target' | 'names'> {
  const { referrers, format, compress, preserve } = options;
  return {
    ...request,
    ...(referrers === undefined ? {} : { referrers }),
    ...(format === undefined ? {} : { format }),
    ...(compress === undefined ? {} : { compress }),
    ...(preserve === undefined ? {} : { preserve }),
  };
}

/** Several images can't have one name. */
function refuseManyInOne({ source, images }: OpenedFrom, { location }: OpenedTo): void {
  if (images.length === 0)
    throw new AppError('IMAGE_UNKNOWN', {
      message: `${source.label} holds no image.`,
      hint: 'List what is in it: registry-gate images list ARCHIVE',
    });
  const isNamed =
    location.kind === 'registry' || (location.kind !== 'stream' && location.reference !== undefined);
  if (images.length < 2 || !isNamed) return;
  throw new AppError('USAGE', {
    message: `${source.label} holds ${images.length} images, and the target is one.`,
    hint: 'Name one after the file (oci-archive:FILE:NAME), or push all of them: registry-gate images load -i FILE --into registry.lan/team',
  });
}
