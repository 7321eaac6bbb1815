import type { ServerResponse } from 'node:http';
import type { Transfer } from './job.ts';

/** How many bytes are handed to a connection at one time. It holds them once more, encrypted. */
const PIECE = 128 * 1024;
/** Answers of at most a piece are not counted: the number of connections bounds them. */
const MOST_HELD = 128 * 1024 * 1024;

/** The large answers that are being sent. Several of the same bytes count once. */
class AnswerMemory {
  readonly #users = new Map<Buffer, number>();
  #held = 0;

  /** Returns false if the answer does not fit. */
  hold(body: Buffer): boolean {
    const users = this.#users.get(body) ?? 0;
    if (users === 0 && this.#held + body.length > MOST_HELD) return false;
    if (users === 0) this.#held += body.length;
    this.#users.set(body, users + 1);
    return true;
  }

  release(body: Buffer): void {
    const users = this.#users.get(body) ?? 0;
    if (users > 1) {
      this.#users.set(body, users - 1);
      return;
    }
    this.#users.delete(body);
    this.#held -= body.length;
  }
}

const answers = new AnswerMemory();

/** Reserves memory for an answer until `sendBytes` has ended. Returns false if it does not fit. */
export function hasRoomFor(body: Buffer): boolean {
  return body.length <= PIECE || answers.hold(body);
}

/**
 * Sends bytes from memory, piece by piece, so that a client that does not read holds a piece and not all of them.
 * Resolves when all is written or the client has disconnected.
 */
export async function sendBytes({ job: { res, count } }: Transfer, body: Buffer): Promise<void> {
  if (body.length <= PIECE) {
    count('sent', body.length);
    res.end(body);
    return;
  }
  try {
    for (let at = 0; at < body.length; at += PIECE) {
      const piece = body.subarray(at, at + PIECE);
      if (!(await isWritten(res, piece))) return;
      count('sent', piece.length);
    }
    res.end();
  } finally {
    answers.release(body);
  }
}

/** Resolves to false if the client has disconnected. */
function isWritten(res: ServerResponse, piece: Buffer): Promise<boolean> {
  if (res.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const leave = (): void => resolve(false);
    res.once('close', leave);
    res.write(piece, (error) => {
      res.off('close', leave);
      resolve(error === null || error === undefined);
    });
  });
}
