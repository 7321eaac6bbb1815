import type { Job } from '../reply/job.ts';

/** Receives a blob from the registry. */
export interface BlobSink {
  /** This many bytes follow: the whole blob or the requested part. Not called for any other answer. */
  begin(length: number): void;
  /** Receives a piece. Its bytes stay unchanged until `done` is called, and little or nothing follows until then. */
  take(piece: Buffer, done: () => void): void;
  /** Called once. Without an error all bytes have been passed. */
  end(error?: Error): void;
}

export interface ByteSpan {
  /** The first and the last byte, both included. */
  readonly first: number;
  readonly last: number;
}

/** The registry as the cache sees it. Requests are for the blob of a job, with the job's own origin. */
export interface BlobSource<J extends Job> {
  /**
   * Returns the size of the blob if the registry says that the repository holds it, and undefined in all other cases.
   * Never rejects.
   */
  ask(job: J): Promise<number | undefined>;
  /** Begins to fetch the blob. The returned function stops it: the sink gets no more calls. */
  fetch(job: J, sink: BlobSink, span?: ByteSpan): () => void;
}
