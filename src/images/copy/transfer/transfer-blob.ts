import type { Descriptor } from '../../model/descriptor.ts';
import { isForeignLayer } from '../../model/media-types.ts';
import type { Pieces } from '../../store.ts';
import type { BlobOutcome } from '../request/copy-request.ts';
import type { Transfer } from '../request/transfer.ts';
import { holdsBlob } from '../plan/read-blob.ts';

/**
 * Brings a blob into the target: it is there, or is mounted, or goes through in one pass, from the source's connection
 * to the target's. Throws AppError BLOB_MISSING, DIGEST_MISMATCH, and what source and target throw.
 */
export async function transferBlob(transfer: Transfer, blob: Descriptor): Promise<BlobOutcome> {
  const { session, observer, request } = transfer;
  return session.inLane(async () => {
    transfer.signal.throwIfAborted();
    const before = await session.placeOf(request.target, blob.digest);
    const outcome = placeBlob(transfer, blob, before);
    session.notePlace(request.target, blob.digest, outcome.then(refuseLeftOut));
    const result = await outcome;
    observer?.finished(blob, result);
    return result;
  });
}

/** A layer that was left out is nowhere. */
function refuseLeftOut(outcome: BlobOutcome): void {
  if (outcome === 'left-out') throw new Error('left out');
}

async function placeBlob(
  transfer: Transfer,
  blob: Descriptor,
  before: string | undefined,
): Promise<BlobOutcome> {
  const { source, target } = transfer.request;
  if (before !== undefined && before === (target.origin?.repository ?? '')) return 'there';
  if (await target.hasBlob(blob)) return 'there';
  for (const repository of mountable(transfer, before))
    if (await target.mountBlob(blob, repository)) return 'mounted';
  if (isForeignLayer(blob.mediaType) && !(await holdsBlob(source, blob))) return 'left-out';
  await sendBlob(transfer, blob);
  return 'copied';
}

/** Lists the repositories of the target's registry that have the blob. */
function mountable({ request }: Transfer, before: string | undefined): readonly string[] {
  const { source, target } = request;
  const isSame = source.origin !== undefined && source.origin.registry === target.origin?.registry;
  const from = isSame ? [source.origin.repository] : [];
  return [...new Set([...from, ...(before === undefined || before === '' ? [] : [before])])].filter(
    (repository) => repository !== target.origin?.repository,
  );
}

/** Blobs of at most this many bytes are read into memory before they are written, if both sides do that. */
const MOST_WHOLE_BYTES = 256 * 1024;

async function sendBlob({ request, signal, observer }: Transfer, blob: Descriptor): Promise<void> {
  const { source, target } = request;
  observer?.started(blob);
  const onBytes = (count: number): void => observer?.moved(blob, count);
  if (blob.size <= MOST_WHOLE_BYTES && source.readWhole !== undefined && target.putWhole !== undefined) {
    const { readWhole } = source;
    return target.putWhole(blob, () => readWhole(blob, { signal }), { signal, onBytes });
  }
  // One hash is enough. A registry computes its own, so the source checks; an archive checks what it writes.
  const verify = target.origin !== undefined;
  const read = (from: number): Pieces => source.readBlob(blob, { from, verify, signal });
  await target.putBlob(blob, read, { signal, onBytes });
}
