import type { IncomingHttpHeaders } from 'node:http';
import { systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Digest } from '../../oci/digest.ts';
import type { OpenBlob } from '../reply/blob-reply.ts';
import type { Job } from '../reply/job.ts';
import type { BlobFiles } from './blob-files.ts';
import { Fill, type FillError } from './fill.ts';
import type { BlobPresence, RepositoryBlob } from './blob-presence.ts';
import type { BlobSource } from './blob-source.ts';

interface FillsOptions {
  readonly files: BlobFiles;
  readonly source: BlobSource;
  readonly presence: BlobPresence;
  readonly logger: Logger;
}

export interface WantedBlob extends RepositoryBlob {
  readonly id: Digest;
}

/** The blobs that are being filled, each once whatever the number of clients. */
export class Fills {
  readonly #options: FillsOptions;
  readonly #running = new Map<string, Fill>();
  /** Whether the log says that the disk accepts nothing. */
  #isDiskFailing = false;
  #fills = 0;
  #joins = 0;

  constructor(options: FillsOptions) {
    this.#options = options;
  }

  counters(): { readonly fills: number; readonly joins: number } {
    return { fills: this.#fills, joins: this.#joins };
  }

  /** Ends all fills. Their readers get the rest from the registry, if it still answers. */
  close(): void {
    for (const fill of this.#running.values()) fill.cancel();
  }

  /**
   * Opens the blob as it is being filled, for a job whose repository holds it (`sizeOf`). Returns undefined if the
   * registry has to answer, because of its response or of the request.
   */
  async join(job: Job, wanted: WantedBlob): Promise<OpenBlob | undefined> {
    const running = this.#running.get(wanted.digest);
    if (running === undefined && !wantsAll(job.req.headers)) return undefined;
    const fill = running ?? this.#begin(job, wanted);
    try {
      await fill.opened;
    } catch {
      return undefined;
    }
    if (this.#running.get(wanted.digest) !== fill) return this.#options.files.find(wanted.id);
    this.#joins += 1;
    job.noteCache?.('fill');
    return fill.join();
  }

  /** Returns the size of the blob if the repository holds it. The registry's answer may be a moment old. */
  async sizeOf(job: Job, blob: RepositoryBlob): Promise<number | undefined> {
    const { presence, source } = this.#options;
    const known = presence.size(blob);
    if (known !== undefined) return known;
    const asked = presence.deletions;
    const size = await source.size(job);
    if (size !== undefined) presence.remember(blob, size, asked);
    return size;
  }

  #begin(job: Job, wanted: WantedBlob): Fill {
    const { files, source, presence } = this.#options;
    const asked = presence.deletions;
    const fill = new Fill({
      digest: wanted.id,
      files,
      onBegin: (size) => presence.remember(wanted, size, asked),
      onOver: (error) => {
        this.#running.delete(wanted.digest);
        this.#conclude(wanted, error);
      },
    });
    this.#running.set(wanted.digest, fill);
    fill.stop = source.fetch(job, fill);
    return fill;
  }

  #conclude({ repository, digest }: WantedBlob, error: FillError | undefined): void {
    const { logger } = this.#options;
    if (error === undefined) {
      this.#fills += 1;
      if (this.#isDiskFailing) logger.info({}, 'the cache takes layers in again');
      this.#isDiskFailing = false;
    } else if (error.kind === 'digest') {
      logger.error({ repository, digest }, 'the registry sent something else than was asked for');
    } else if (error.kind === 'disk' && !this.#isDiskFailing) {
      this.#isDiskFailing = true;
      const reason = systemCode(error.cause) ?? String(error.cause);
      logger.warn({ error: reason }, 'the cache takes nothing in, pulls pass it by');
    }
  }
}

/**
 * Reports whether a request is for the whole blob. The registry answers ranges and conditional requests, whose answers
 * may hold less.
 */
function wantsAll(headers: IncomingHttpHeaders): boolean {
  return (
    headers.range === undefined && headers['if-none-match'] === undefined && headers['if-match'] === undefined
  );
}
