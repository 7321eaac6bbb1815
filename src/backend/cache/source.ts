import type { Job } from '../reply/job.ts';

/** Takes a blob as it comes from the registry. */
export interface BlobSink {
  /** So many bytes follow: the whole blob, or the part that was asked for. Not called where there is no such answer. */
  begin(length: number): void;
  /** A piece. Its bytes stay as they are until `done` is called, and until then no further one comes, or very little. */
  take(piece: Buffer, done: () => void): void;
  /** Called once. Without an error everything has been handed over. */
  end(error?: Error): void;
}

export interface ByteSpan {
  /** First and last byte, both counted. */
  readonly first: number;
  readonly last: number;
}

/** The registry, as the cache asks it: for the blob that a job is about, with the job's own origin. */
export interface BlobSource<J extends Job> {
  /** The size of the blob, if the registry says that the repository holds it; undefined for every other answer, and for none. Never rejects. */
  ask(job: J): Promise<number | undefined>;
  /** Begins to fetch the blob. What is returned stops it: the sink hears nothing more. */
  fetch(job: J, sink: BlobSink, span?: ByteSpan): () => void;
}
