import type { IncomingMessage } from 'node:http';

/** Takes the chunks of a body where the parser hands them over. */
export interface ChunkTaker {
  /** Returns whether the parser is to go on; undefined for a chunk that was not taken and goes through the stream. */
  takeChunk(chunk: Buffer): boolean | undefined;
}

/**
 * Gives `taker` each chunk of a body where the parser hands it over. Going through the stream costs as much again, and
 * holds 64 KiB more whenever the reader is full. Chunks that come while the stream holds some, and the end of the body, go
 * through the stream.
 *
 * Relies on the parser to call `push` of the message, and to stop reading where that returns false
 * (`parserOnBody`, lib/_http_common.js).
 */
export function interceptChunks(body: IncomingMessage, taker: ChunkTaker): void {
  const push = body.push.bind(body);
  body.push = (chunk: unknown, encoding?: BufferEncoding) => {
    const goesOn = chunk instanceof Buffer && body.readableLength === 0 ? taker.takeChunk(chunk) : undefined;
    return goesOn ?? push(chunk, encoding);
  };
}

/**
 * Lets a parser go on that stopped because `takeChunk` returned false. Resuming the body alone would not: its stream holds
 * nothing that it waits for.
 */
export function resumeParser(body: IncomingMessage): void {
  body.socket.resume();
}
