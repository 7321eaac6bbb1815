import { inPace, type IdleWatch } from '../../lib/streams/idle-watch.ts';
import type { Logger } from '../../lib/logger.ts';
import { bodyLength } from '../../oci/request/body.ts';
import { parseDigest } from '../../oci/digest.ts';
import type { Problem } from '../../oci/problem.ts';
import { BROKEN_OFF } from '../proxy/transport.ts';
import { blobHead, blobReply, type OpenBlob } from '../reply/blob-reply.ts';
import { Transfer, type Job } from '../reply/job.ts';
import { isPart, isProblem, type Reply } from '../reply/reply.ts';
import { GrowthEnded } from '../reply/file-sender.ts';
import { sendReply } from '../reply/send-reply.ts';
import type { BlobFiles } from './blob-files.ts';
import type { CacheCounters } from './counters.ts';
import { FillError } from './fill.ts';
import { Fills, type WantedBlob } from './fills.ts';
import { BlobPresence, type RepositoryBlob } from './blob-presence.ts';
import type { BlobSource, InclusiveSpan } from './blob-source.ts';

interface LayerCacheOptions {
  readonly files: BlobFiles;
  readonly source: BlobSource;
  /** Handles jobs that the cache can't answer. */
  readonly pass: (job: Job) => void;
  /** How long the registry's answer that a repository holds a blob is valid, in milliseconds. */
  readonly checkMs: number;
  /** Called for each deletion through this process, to inform other processes. */
  readonly onDelete: (blob: RepositoryBlob) => void;
  readonly idle: Pick<IdleWatch, 'add' | 'remove'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Serves blobs from the disk that were pulled before. The registry is asked whether a repository holds a blob, and its
 * answer is valid for a while. Requests that it does not confirm go to the registry as if there were no cache.
 */
export class LayerCache {
  readonly #options: LayerCacheOptions;
  readonly #presence: BlobPresence;
  readonly #fills: Fills;
  #hits = 0;
  #misses = 0;
  #servedBytes = 0;

  constructor(options: LayerCacheOptions) {
    this.#options = options;
    this.#presence = new BlobPresence({ ttl: options.checkMs, now: options.now });
    this.#fills = new Fills({ ...options, presence: this.#presence });
  }

  /** Takes over a job: answers it, cuts the connection, or passes it on. */
  forward(job: Job): void {
    const wanted = wantedOf(job);
    if (wanted === undefined) this.#options.pass(job);
    else if (job.request.method === 'DELETE') {
      // Before the deletion and once more after it: another request may have remembered the blob in between.
      this.#announceDeletion(wanted);
      job.res.once('close', () => this.#announceDeletion(wanted));
      this.#options.pass(job);
    } else void this.#serve(job, wanted);
  }

  #announceDeletion({ repository, digest }: RepositoryBlob): void {
    this.forget({ repository, digest });
    this.#options.onDelete({ repository, digest });
  }

  /** Another process of this gate has deleted the blob. */
  forget(blob: RepositoryBlob): void {
    this.#presence.forget(blob);
  }

  close(): void {
    this.#fills.close();
  }

  counters(): CacheCounters {
    const { files } = this.#options;
    return {
      hits: this.#hits,
      misses: this.#misses,
      ...this.#fills.counters(),
      servedBytes: this.#servedBytes,
      evictions: files.evictions,
      residentBytes: files.residentBytes,
    };
  }

  async #serve(job: Job, wanted: WantedBlob): Promise<void> {
    const { idle, pass, logger } = this.#options;
    const transfer = new Transfer(this.#counted(job), 'backend');
    idle.add(transfer);
    const found = await this.#find(job, wanted).catch((error: unknown) => {
      logger.warn({ id: job.origin.requestId, error: String(error) }, 'the cache can not be read');
      return undefined;
    });
    if (found === undefined || job.res.destroyed || job.res.headersSent) {
      idle.remove(transfer);
      if (typeof found === 'object') await found.file.close();
      if (found !== undefined || job.res.destroyed || job.res.headersSent) return;
      this.#misses += 1;
      job.noteCache?.('miss');
      pass(job);
      return;
    }
    job.res.once('close', () => idle.remove(transfer));
    await this.#send(transfer, job, { wanted, found });
  }

  /** Returns the size for HEAD, the open blob for GET, or undefined if the registry has to answer. */
  async #find(job: Job, wanted: WantedBlob): Promise<number | OpenBlob | undefined> {
    const { files } = this.#options;
    const isHead = job.request.method === 'HEAD';
    // The repository is checked before the disk: a client without the right to a blob learns nothing about blobs of
    // other repositories, neither from the answer nor from the number of requests to the registry.
    const knownSize = isHead ? this.#presence.size(wanted) : await this.#fills.sizeOf(job, wanted);
    if (knownSize === undefined) return undefined;
    const held = isHead ? await files.size(wanted.id) : await files.find(wanted.id);
    if (held === undefined) return isHead ? undefined : this.#fills.join(job, wanted);
    const size = typeof held === 'number' ? held : held.size;
    if (knownSize === size) {
      this.#hits += 1;
      job.noteCache?.('hit');
      return held;
    }
    if (typeof held === 'object') await held.file.close();
    // The registry's answer is newer, so the blob is fetched again.
    await files.drop(wanted.id);
    return undefined;
  }

  #counted(job: Job): Job {
    const count: Job['count'] = (direction, bytes) => {
      job.count(direction, bytes);
      this.#servedBytes += bytes;
    };
    return { ...job, count };
  }

  async #send(
    transfer: Transfer,
    job: Job,
    { wanted, found }: { readonly wanted: WantedBlob; readonly found: number | OpenBlob },
  ): Promise<void> {
    const { source, logger } = this.#options;
    const reply =
      typeof found === 'number'
        ? blobHead(wanted.id, found, job.req.headers)
        : await blobReply(wanted.id, found, job.req.headers);
    try {
      await sendReply(transfer, reply);
    } catch (error) {
      if (job.res.destroyed) return;
      const rest = restOf(reply, error);
      if (rest !== undefined) sendRest(transfer, { job, source, span: rest, problem: BROKEN_OFF });
      else {
        logger.error({ id: job.origin.requestId, error: String(error) }, 'a pull through the cache failed');
        transfer.fail(BROKEN_OFF);
      }
    }
  }
}

function wantedOf({ request, req }: Job): WantedBlob | undefined {
  const { route } = request;
  if (route.kind !== 'blob' || bodyLength(req.headers) !== 0) return undefined;
  const id = parseDigest(route.digest);
  return id && { id, digest: id.text, repository: route.repository };
}

/**
 * Returns the bytes that the registry still has to send because the local disk failed, or undefined if something else
 * did.
 */
function restOf(reply: Reply | Problem, error: unknown): InclusiveSpan | undefined {
  if (!(error instanceof GrowthEnded) || !(error.cause instanceof FillError)) return undefined;
  const { kind } = error.cause;
  if (kind !== 'disk' && kind !== 'unwanted') return undefined;
  const { body } = isProblem(reply) ? { body: undefined } : reply;
  if (body === undefined || !isPart(body)) return undefined;
  return { first: error.position, last: body.start + body.length - 1 };
}

interface Rest {
  readonly job: Job;
  readonly source: BlobSource;
  readonly span: InclusiveSpan;
  /** What to answer if the registry does not send it. */
  readonly problem: Problem;
}

/** Sends the rest of a blob straight from the registry, after the disk failed in the middle of it. */
function sendRest(transfer: Transfer, { job, source, span, problem }: Rest): void {
  const { res, count } = transfer.job;
  transfer.waitingFor = 'backend';
  const stop = source.fetch(
    job,
    {
      begin: () => undefined,
      write: (piece, done) => {
        transfer.waitingFor = 'client-reading';
        res.write(piece, () => {
          count('sent', piece.length);
          transfer.waitingFor = 'backend';
          transfer.steps += 1;
          inPace(job.pace, done);
        });
      },
      end: (error) => {
        transfer.waitingFor = 'client-reading';
        if (error === undefined) res.end();
        else transfer.fail(problem);
      },
    },
    span,
  );
  res.once('close', stop);
}
