import { AppError } from '../../../lib/errors.ts';
import type { StoredManifest } from '../../model/manifest.ts';
import { isContainerConfig } from '../../model/media-types.ts';
import { renderPlatform, type Platform } from '../../model/platform.ts';
import type { CopyRequest } from '../request/copy-request.ts';
import { createManifestReader, type ManifestReader } from './manifest-reader.ts';
import type { ImageNode } from './node.ts';
import { matchesAny, platformsOf } from './platform-filter.ts';
import { readImage } from './read-image.ts';

export interface CopyPlan {
  /** What the reference names in the source. */
  readonly asked: StoredManifest;
  /** What is copied of it. */
  readonly root: ImageNode;
  readonly reader: ManifestReader;
  readonly notes: readonly string[];
}

/** Finds the manifests that are to be copied. Throws AppError IMAGE_UNKNOWN, IMAGE_INVALID, BLOB_MISSING, USAGE. */
export async function planCopy(request: CopyRequest): Promise<CopyPlan> {
  const { source, reference, target, choice } = request;
  const reader = createManifestReader(source);
  const asked = await reader.read(reference);
  if (asked === undefined) throw unknownImage(request);
  const platforms = choice?.kind === 'platforms' ? choice.platforms : undefined;
  const { root, missing } = await readImage(reader, asked, platforms);
  refuseEmpty(request, root, missing);
  if (platforms !== undefined) await refuseOthers(request, asked, root, platforms);
  const whole = platforms === undefined ? root : withoutShell(root);
  const chosen = target.isOnePlatform === true ? await chooseOne(request, whole) : whole;
  const isNew = chosen.manifest.kind === 'index' && chosen.stored.digest.text !== asked.digest.text;
  const notes = [
    ...missing.map((name) => `${source.label} lists ${name} but does not hold all of it: left out.`),
    ...(isNew ? ['The index is written anew for what is copied of it, so its digest is another.'] : []),
  ];
  return { asked, root: chosen, reader, notes };
}

/** Returns what is in an index that holds nothing else. */
function withoutShell(root: ImageNode): ImageNode {
  const [only, ...others] = root.entries;
  return only === undefined || others.length > 0 ? root : withoutShell(only.node);
}

/** Refuses an index of which nothing is there: an empty one would take the place of what the tag names. */
function refuseEmpty(
  { source, reference }: CopyRequest,
  { manifest, entries }: ImageNode,
  missing: readonly string[],
): void {
  if (manifest.kind === 'image' || entries.length > 0 || missing.length === 0) return;
  throw new AppError('BLOB_MISSING', {
    message: `${source.label} holds none of what the index of ${JSON.stringify(reference)} names.`,
    hint: 'Save the image again: registry-gate images save IMAGE -o FILE',
  });
}

/** Refuses platforms that the image does not have. */
async function refuseOthers(
  request: CopyRequest,
  asked: StoredManifest,
  root: ImageNode,
  platforms: readonly Platform[],
): Promise<void> {
  const there = await platformsOf(root, request.source);
  const lacking = platforms.filter((platform) => !there.some((one) => matchesAny([platform], one.platform)));
  if (lacking.length === 0) return;
  const all = await readImage(createManifestReader(request.source), asked).catch(() => undefined);
  throw unknownPlatform(
    request,
    lacking,
    all === undefined ? [] : await platformsOf(all.root, request.source),
  );
}

/** Chooses the image for a target that holds one platform only. */
async function chooseOne(request: CopyRequest, root: ImageNode): Promise<ImageNode> {
  if (root.manifest.kind === 'image') {
    if (isContainerConfig(root.manifest.config.mediaType)) return root;
    throw new AppError('IMAGE_INVALID', {
      message: `${request.source.label} has an artifact there, which ${request.target.label} can't hold.`,
      hint: 'Write an oci-archive: it holds artifacts of any kind.',
    });
  }
  const there = await platformsOf(root, request.source);
  const { choice = { kind: 'platforms', platforms: [request.host] }, target } = request;
  const [only, ...others] = there;
  if (only !== undefined && others.length === 0) return only.node;
  if (choice.kind === 'all' || choice.platforms.length > 1)
    throw new AppError('USAGE', {
      message: `${target.label} holds the image of one platform, and this one has ${listed(there)}.`,
      hint: 'Name one of them with --platform, or write an oci-archive: with all of them.',
    });
  const match = there.find(({ platform }) => matchesAny(choice.platforms, platform));
  if (match === undefined) throw unknownPlatform(request, choice.platforms, there);
  return match.node;
}

type WithPlatform = readonly { readonly platform: Platform }[];

/** As many platforms as a message names. */
const MOST_NAMED = 20;

function listed(there: WithPlatform): string {
  const names = [...new Set(there.map(({ platform }) => renderPlatform(platform)))];
  return names.length === 0 ? 'none' : names.slice(0, MOST_NAMED).join(', ');
}

function unknownImage({ source, reference }: CopyRequest): AppError {
  return new AppError('IMAGE_UNKNOWN', {
    message: `${source.label} has no image ${JSON.stringify(reference)}.`,
    hint:
      source.origin === undefined
        ? 'List what is in it: registry-gate images list ARCHIVE'
        : `List the tags: registry-gate images tags ${source.label}`,
  });
}

function unknownPlatform(
  { source, reference }: CopyRequest,
  lacking: readonly Platform[],
  there: WithPlatform,
): AppError {
  return new AppError('IMAGE_UNKNOWN', {
    message: `${JSON.stringify(reference)} of ${source.label} has no image for ${lacking.map(renderPlatform).join(', ')}; it has ${listed(there)}.`,
    hint: 'Name one of these with --platform, or leave it out to copy all.',
  });
}
