import { Command, Option } from 'commander';
import { copyImage } from '../../../images/copy/copy-image.ts';
import type { CopyReport } from '../../../images/copy/request/copy-request.ts';
import type { Compression } from '../../../images/model/media-types.ts';
import type { ArchiveLocation } from '../../../images/name/location.ts';
import type { ImageTarget } from '../../../images/store.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { addTransferOptions, type TransferOptions } from './options.ts';
import { openArchiveTo, openFrom } from './places.ts';
import { printReports } from './print-reports.ts';
import { runCopies, type CopyContext } from './run-copies.ts';

interface SaveOptions extends TransferOptions {
  readonly output?: string;
  readonly compress?: Compression;
  readonly referrers?: true;
}

const DETAILS = `
The archive is what docker load reads, of any age, and an OCI layout too: docker load, podman load, ctr images import and
skopeo read it. To another host without a file between:

  registry-gate images save registry.lan/team/app:1 | gzip | ssh HOST docker load
`;

/** `images save`: writes images into an archive, as `docker save` does. */
export function saveCommand(terminal: Terminal): Command {
  const command = new Command('save')
    .description('Write images into an archive that docker load reads, as docker save does.')
    .argument('<IMAGE...>', 'The images.')
    .option('-o, --output <FILE>', 'The file. Default: standard output, if it is not a terminal.')
    .addOption(
      new Option(
        '--compress <METHOD>',
        'Compress the whole. Default: by the ending of the file, .gz, .tgz or .zst; else not at all.',
      ).choices(['gzip', 'zstd', 'none']),
    )
    .option('--referrers', 'Also write signatures, SBOMs and attestations that refer to the images.');
  return addTransferOptions(command)
    .addHelpText('after', DETAILS)
    .action(async (images: readonly string[], options: SaveOptions) => {
      const reports = await runCopies(terminal, options, (context) => save(images, options, context));
      const toFile = options.output !== undefined && options.output !== '-';
      const messages = toFile ? terminal : { ...terminal, out: terminal.err, isOutTTY: false };
      printReports(reports, messages, options.json === true ? () => reports : undefined);
    });
}

async function save(
  images: readonly string[],
  options: SaveOptions,
  context: CopyContext,
): Promise<readonly CopyReport[]> {
  const { output = '-', compress } = options;
  const location: ArchiveLocation | { readonly kind: 'stream' } =
    output === '-' ? { kind: 'stream' } : { kind: 'oci-archive', path: output, reference: undefined };
  const target = await openArchiveTo(
    location,
    context.terminal,
    compress === undefined ? {} : { compression: compress },
  );
  try {
    const reports = await saveAll(images, target, options, context);
    await target.commit();
    return reports;
  } finally {
    await target.close();
  }
}

/** Saves several at once: small images are mostly waited for. Reports stand in the order of the images. */
async function saveAll(
  images: readonly string[],
  target: ImageTarget,
  options: SaveOptions,
  context: CopyContext,
): Promise<readonly CopyReport[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([context.signal, failure.signal]);
  const within = { ...context, signal, request: { ...context.request, signal } };
  const reports = new Map<number, readonly CopyReport[]>();
  await concurrentForEach(images.entries(), async ([at, image]) => {
    try {
      reports.set(at, await saveOne(image, target, options, within));
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
  return images.flatMap((_image, at) => reports.get(at) ?? []);
}

async function saveOne(
  image: string,
  target: ImageTarget,
  options: SaveOptions,
  context: CopyContext,
): Promise<readonly CopyReport[]> {
  const { source, images } = await openFrom(image, context);
  try {
    const reports: CopyReport[] = [];
    for (const { reference, names } of images) {
      const what = {
        source,
        reference,
        sourceNames: names,
        target,
        names,
        referrers: options.referrers === true,
      };
      reports.push(await copyImage({ ...context.request, ...what }));
    }
    return reports;
  } finally {
    await source.close();
  }
}
