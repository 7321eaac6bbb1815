import type { CopyReport, CopyRequest, BlobOutcome, BlobReport } from './request/copy-request.ts';
import { createCopySession } from './request/copy-session.ts';
import { nameBeside } from '../archive/layout/names.ts';
import { convertNode } from './convert/convert-image.ts';
import { findCosignTags, findReferrers } from './plan/find-referrers.ts';
import { nodesOf, type ImageNode } from './plan/node.ts';
import { planCopy, type CopyPlan } from './plan/plan-copy.ts';
import { putManifests } from './transfer/put-manifests.ts';
import type { Transfer } from './request/transfer.ts';
import { transferImages } from './transfer/transfer-images.ts';

/**
 * Copies an image, or what a reference names: blobs first, then manifests, names last. What the target has already is
 * left as it is, so a copy that was broken off goes on when it is run again. The target is not committed: an archive may
 * get more images. Throws AppError IMAGE_UNKNOWN, IMAGE_INVALID, BLOB_MISSING, DIGEST_MISMATCH, USAGE, and what source
 * and target throw.
 *
 *     await copyImage({ source, reference: '1', target, names: ['1'], host: parsePlatform('linux/amd64') })
 */
export async function copyImage(request: CopyRequest): Promise<CopyReport> {
  const { target, names, observer, session = createCopySession() } = request;
  const failure = new AbortController();
  const fail = (error: unknown): void => failure.abort(error);
  const signal = AbortSignal.any([failure.signal, ...(request.signal === undefined ? [] : [request.signal])]);
  const transfer: Transfer = { request, session, signal, observer };
  const plan = await planCopy(request);
  signal.throwIfAborted();
  const { blobs, converted } = await transferImages(transfer, [plan.root], fail);
  const root = convertNode(plan.root, converted, request.format);
  const referring =
    request.referrers === true && target.isOnePlatform !== true
      ? await readReferring(plan, root, request)
      : NONE;
  const others = [...referring.referrers, ...referring.tagged.map(({ node }) => node)];
  const more = others.length === 0 ? [] : (await transferImages(transfer, others, fail)).blobs;
  signal.throwIfAborted();
  const { referrers } = referring;
  let hasWritten = false;
  for (const { tag, node } of referring.tagged) {
    const beside = namesBeside(request, tag);
    hasWritten = (await putManifests({ target, root: node, referrers: [], names: beside })) || hasWritten;
  }
  hasWritten = (await putManifests({ target, root, referrers, names })) || hasWritten;
  return reportOf({ request, plan, root, blobs: [...blobs, ...more], referrers: others.length, hasWritten });
}

interface Referring {
  readonly referrers: readonly ImageNode[];
  readonly tagged: readonly { readonly tag: string; readonly node: ImageNode }[];
}

const NONE: Referring = { referrers: [], tagged: [] };

async function readReferring(
  { reader }: CopyPlan,
  root: ImageNode,
  { sourceNames = [] }: CopyRequest,
): Promise<Referring> {
  const referrers = await findReferrers(reader, root);
  const names = reader.source.origin === undefined ? sourceNames : [];
  return { referrers, tagged: await findCosignTags(reader, root, names) };
}

/** Returns what a tag beside the image is called in the target: in an archive it has the repository of the image. */
function namesBeside({ target, names }: CopyRequest, tag: string): readonly string[] {
  if (target.origin !== undefined || names.length === 0) return [tag];
  return [...new Set(names.map((name) => nameBeside(name, tag)))];
}

interface Done {
  readonly request: CopyRequest;
  readonly plan: CopyPlan;
  readonly root: ImageNode;
  readonly blobs: readonly BlobReport[];
  readonly referrers: number;
  readonly hasWritten: boolean;
}

function reportOf({ request, plan, root, blobs, referrers, hasWritten }: Done): CopyReport {
  const { source, target, names } = request;
  const sum = (...outcomes: readonly BlobOutcome[]): number =>
    blobs.reduce((bytes, { size, outcome }) => bytes + (outcomes.includes(outcome) ? size : 0), 0);
  return {
    source: source.label,
    target: target.label,
    isArchive: target.origin === undefined,
    names,
    sourceDigest: plan.asked.digest.text,
    digest: root.stored.digest.text,
    mediaType: root.stored.mediaType,
    alreadyThere: !hasWritten && blobs.every(({ outcome }) => outcome === 'there' || outcome === 'left-out'),
    notes: notesOf({ request, plan, root, blobs }),
    copied: sum('copied', 'converted'),
    mounted: sum('mounted'),
    skipped: sum('there'),
    manifests: nodesOf(root).length,
    referrers,
    blobs,
  };
}

const OF_DOCKER_ARCHIVE =
  'A docker-archive holds plain layers and no manifest: what is loaded from it has the same ID and another digest.';

function notesOf({
  request,
  plan,
  root,
  blobs,
}: Pick<Done, 'request' | 'plan' | 'root' | 'blobs'>): readonly string[] {
  const isChanged = root.stored.digest.text !== plan.root.stored.digest.text;
  const leftOut = blobs.filter(({ outcome }) => outcome === 'left-out').length;
  return [
    ...plan.notes,
    ...(request.target.isOnePlatform === true ? [OF_DOCKER_ARCHIVE] : []),
    ...(request.target.isOnePlatform === true && request.referrers === true
      ? ['A docker-archive has no place for signatures and other referrers: they were left out.']
      : []),
    ...(isChanged
      ? [
          'Layers or media types were changed on the way, so the digest is another. Signatures name the one before.',
        ]
      : []),
    ...(isChanged && request.referrers === true ? ['What refers to the digest before was not copied.'] : []),
    ...(leftOut === 0
      ? []
      : [`${leftOut} foreign layers stay where their URLs say: the source does not hold them.`]),
  ];
}
