import { Command, Option } from 'commander';
import { copyImage } from '../../../images/copy/copy-image.ts';
import type { CopyReport } from '../../../images/copy/request/copy-request.ts';
import {
  isRegistryPart,
  parseImageName,
  parseRegistryName,
  renderImageName,
  type ImageName,
} from '../../../images/name/image-name.ts';
import { parseLocation, type ArchiveLocation } from '../../../images/name/location.ts';
import type { ImageSource } from '../../../images/store.ts';
import { AppError } from '../../../lib/errors.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { namesIn, pushName, type Known } from './names.ts';
import { addTransferOptions, type TransferOptions } from './options.ts';
import { refuseOthersChoice, refuseTwice, type ToPush } from './load-checks.ts';
import { listKnown, openArchiveFrom } from './places.ts';
import { printReports } from './print-reports.ts';
import { runCopies, type CopyContext } from './run-copies.ts';

interface LoadOptions extends TransferOptions {
  readonly input: string;
  readonly into?: ImageName;
  readonly preserve?: true;
  readonly referrers?: true;
}

const DETAILS = `
Reads what docker save, podman save, skopeo, buildx and nerdctl write, also compressed with gzip, zstd, bzip2 or xz. Each
image goes to the registry under the name that it has in the archive; with --into below another registry or repository;
with TARGET under that name.
`;

/** `images load`: pushes the images of an archive, as `docker load` and `docker push` do. */
export function loadCommand(terminal: Terminal): Command {
  const command = new Command('load')
    .description('Push the images of an archive to a registry, as docker load and docker push do.')
    .argument('[TARGET]', 'The name of the image in the registry, if the archive holds one.')
    .requiredOption('-i, --input <FILE>', 'The archive: a file, a folder, or - for standard input.')
    .addOption(
      new Option(
        '--into <PREFIX>',
        'A registry, or a registry and a path, below which all images go: registry.lan/team.',
      ).argParser(parseInto),
    )
    .option('--referrers', 'Also push signatures, SBOMs and attestations that refer to the images.')
    .option('--preserve', 'Keep the layers of a docker-archive uncompressed.');
  return addTransferOptions(command)
    .addHelpText('after', DETAILS)
    .action(async (target: string | undefined, options: LoadOptions) => {
      refuseContradictions(target, options);
      const reports = await runCopies(terminal, options, (context) => load(target, options, context));
      printReports(reports, terminal, options.json === true ? () => reports : undefined);
    });
}

function refuseContradictions(target: string | undefined, { into, input, passwordStdin }: LoadOptions): void {
  const clash =
    (target !== undefined && into !== undefined && 'TARGET and --into') ||
    (passwordStdin === true && input === '-' && '--password-stdin and an archive on standard input');
  if (clash === false) return;
  throw new AppError('USAGE', { message: `${clash} exclude each other.`, hint: 'Leave one of them out.' });
}

async function load(
  target: string | undefined,
  options: LoadOptions,
  context: CopyContext,
): Promise<readonly CopyReport[]> {
  const source = await openArchiveFrom(placeOf(options.input), context);
  try {
    const known = await listKnown(source);
    // All names are read before the first byte goes out.
    const plan = known.flatMap((image) =>
      planOf(image, { target, options, context, source, count: known.length }),
    );
    if (target === undefined && options.into === undefined && options.user !== undefined)
      refuseOthersChoice(plan, context.connections.defaultRegistry);
    refuseTwice(plan);
    return await pushAll(source, plan, options, context);
  } finally {
    await source.close();
  }
}

/** Pushes several at once; after the first failure the others are ended too. */
async function pushAll(
  source: ImageSource,
  plan: readonly ToPush[],
  options: LoadOptions,
  { connections, request }: CopyContext,
): Promise<readonly CopyReport[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([request.signal, failure.signal]);
  const reports: CopyReport[] = [];
  await concurrentForEach(plan, async ({ reference, sourceNames, repository, tags }) => {
    const target = connections.repository(repository);
    const what = {
      source,
      reference,
      sourceNames,
      target,
      names: tags,
      preserve: options.preserve === true,
      referrers: options.referrers === true,
    };
    try {
      reports.push(await copyImage({ ...request, ...what, signal }));
    } catch (error) {
      failure.abort(error);
      throw error;
    } finally {
      await target.close();
    }
  });
  return reports;
}

function placeOf(input: string): ArchiveLocation | { readonly kind: 'stream' } {
  if (input === '-') return { kind: 'stream' };
  return { kind: 'docker-archive', path: input, reference: undefined };
}

interface PlanContext {
  readonly target: string | undefined;
  readonly options: LoadOptions;
  readonly context: CopyContext;
  readonly source: ImageSource;
  /** How many images there are. */
  readonly count: number;
}

/** Returns where an image goes: each repository that its names are of, with the tags there. */
function planOf(image: Known, { target, options, context, source, count }: PlanContext): readonly ToPush[] {
  const { defaultRegistry } = context.connections;
  const { reference, names } = image;
  if (target !== undefined) {
    if (count > 1) throw tooMany(source, count);
    const location = parseLocation(target, defaultRegistry);
    if (location.kind !== 'registry') throw noRegistry(target);
    const tags = namesIn(location, image);
    return [{ reference, sourceNames: names, repository: withoutTag(location.image), tags }];
  }
  if (names.length === 0) throw nameless(reference);
  const places = new Map<string, { repository: ImageName; tags: string[]; sourceNames: string[] }>();
  for (const name of names) {
    const { tag = 'latest', ...rest } = pushName(name, defaultRegistry, options.into);
    const repository = withoutTag({ ...rest, tag });
    const place = places.get(renderImageName(repository)) ?? { repository, tags: [], sourceNames: [] };
    place.tags.push(tag);
    place.sourceNames.push(name);
    places.set(renderImageName(repository), place);
  }
  return [...places.values()].map((place) => ({ reference, ...place }));
}

function withoutTag(image: ImageName): ImageName {
  return { ...image, tag: undefined, digest: undefined };
}

/** Parses `registry.lan` or `registry.lan/team`. */
function parseInto(text: string): ImageName {
  const prefix = text.replace(/\/$/, '');
  if (!prefix.includes('/')) {
    if (!isRegistryPart(prefix)) throw noRegistryPart(prefix);
    return { registry: parseRegistryName(prefix), repository: '', tag: undefined, digest: undefined };
  }
  const image = parseImageName(prefix);
  if (image.tag === undefined && image.digest === undefined) return image;
  throw new AppError('USAGE', {
    message: '--into is a registry or a path in it, without a tag.',
    hint: 'For example: --into registry.lan/team',
  });
}

/** In a name a word without a dot or a port is a repository of docker.io. */
function noRegistryPart(prefix: string): AppError {
  return new AppError('USAGE', {
    message: `${JSON.stringify(prefix)} is not a registry to docker: its name has neither a dot nor a port.`,
    hint: `Name the port too: --into ${prefix}:443`,
  });
}

function tooMany({ label }: ImageSource, count: number): AppError {
  return new AppError('USAGE', {
    message: `${label} holds ${count} images, and TARGET is the name of one.`,
    hint: 'Push all below a path: registry-gate images load -i FILE --into registry.lan/team',
  });
}

function noRegistry(target: string): AppError {
  return new AppError('USAGE', {
    message: `${JSON.stringify(target)} is not an image of a registry.`,
    hint: 'Between archives: registry-gate images copy SOURCE TARGET',
  });
}

function nameless(digest: string): AppError {
  return new AppError('USAGE', {
    message: `The archive has no name for the image ${digest}.`,
    hint: 'Say where it goes: registry-gate images load -i FILE registry.lan/team/app:1',
  });
}
