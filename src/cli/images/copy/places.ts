import type { CreateArchiveOptions } from '../../../images/archive/create-archive.ts';
import { parseDigest } from '../../../oci/digest.ts';
import { parseLocation, type ArchiveLocation, type Location } from '../../../images/name/location.ts';
import type { ImageSource, ImageTarget } from '../../../images/store.ts';
import { AppError } from '../../../lib/errors.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { Connections } from '../connection/connections.ts';
import { archiveName, type Known } from './names.ts';

export interface OpenedFrom {
  readonly source: ImageSource;
  readonly images: readonly Known[];
}

export interface OpenedTo {
  readonly target: ImageTarget;
  readonly location: Location;
}

interface OpenContext {
  readonly connections: Connections;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Opens a place to copy from, and lists what is meant there: one image, or all of an archive. */
export async function openFrom(text: string, context: OpenContext): Promise<OpenedFrom> {
  const { connections } = context;
  const location = parseLocation(text, connections.defaultRegistry);
  if (location.kind === 'registry') {
    const { source, reference = 'latest' } = await connections.source(text);
    const name = archiveName(location.image);
    return { source, images: [{ reference, names: name === undefined ? [] : [name] }] };
  }
  const source = await openArchiveFrom(location, context);
  const reference = location.kind === 'stream' ? undefined : location.reference;
  if (reference !== undefined)
    return {
      source,
      images: [{ reference, names: parseDigest(reference) === undefined ? [reference] : [] }],
    };
  try {
    return { source, images: await listKnown(source) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Opens an archive, or standard input. */
export async function openArchiveFrom(
  location: ArchiveLocation | { readonly kind: 'stream' },
  { terminal, signal }: Omit<OpenContext, 'connections'>,
): Promise<ImageSource> {
  const input = location.kind === 'stream' ? terminal.input?.() : undefined;
  // A copy between registries starts without archives.
  const { openArchive } = await import('../../../images/archive/open-archive.ts');
  return openArchive(location, { signal, ...(input === undefined ? {} : { input }) });
}

/** More images than any archive holds. */
const MOST_IMAGES = 10_000;

/** Lists the images of an archive, each once with all its names. */
export async function listKnown(source: ImageSource): Promise<readonly Known[]> {
  const found = new Map<string, string[]>();
  for await (const name of source.listTags()) {
    const digest = parseDigest(name)?.text;
    const key = digest ?? (await source.readManifest(name))?.digest.text ?? name;
    const names = found.get(key) ?? [];
    if (digest === undefined) names.push(name);
    found.set(key, names);
    if (found.size > MOST_IMAGES)
      throw new AppError('ARCHIVE_INVALID', {
        message: `${source.label} lists more than ${MOST_IMAGES} images.`,
        hint: 'Name one of them after the file: oci-archive:FILE:NAME',
      });
  }
  return [...found].map(([reference, names]) => ({ reference, names }));
}

/** How an archive is written. */
type ArchiveOptions = Pick<CreateArchiveOptions, 'compression' | 'preserve'>;

/** Opens a place to copy to. */
export async function openTo(
  text: string,
  { connections, terminal }: OpenContext,
  options: ArchiveOptions = {},
): Promise<OpenedTo> {
  const location = parseLocation(text, connections.defaultRegistry);
  if (location.kind === 'registry') return { target: connections.repository(location.image), location };
  return { target: await openArchiveTo(location, terminal, options), location };
}

/** Opens an archive for writing, or standard output. Throws AppError USAGE if that is a terminal. */
export async function openArchiveTo(
  location: ArchiveLocation | { readonly kind: 'stream' },
  terminal: Terminal,
  options: ArchiveOptions = {},
): Promise<ImageTarget> {
  if (location.kind === 'stream' && terminal.isOutTTY)
    throw new AppError('USAGE', {
      message: 'An archive is not written to a terminal.',
      hint: 'Name a file (registry-gate images save -o FILE IMAGE), or send it on: registry-gate images save IMAGE | ssh HOST docker load',
    });
  const output = location.kind === 'stream' ? terminal.output?.() : undefined;
  const { createArchive } = await import('../../../images/archive/create-archive.ts');
  return createArchive(location, {
    ...options,
    ...(output === undefined ? {} : { output }),
  });
}
