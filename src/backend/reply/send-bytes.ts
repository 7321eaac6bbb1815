import type { ServerResponse } from 'node:http';
import type { Transfer } from './job.ts';

/** What is handed to a connection at one time. It is held once more there, encrypted. */
const PIECE = 128 * 1024;
/** Answers of at most a piece are not counted: as many may be under way as there are connections. */
const MOST_HELD = 128 * 1024 * 1024;

/** The large answers under way: several of the same bytes count once. */
class AnswerMemory {
  readonly #users = new Map<Buffer, number>();
  #held = 0;

  /** False where there is no room for it. */
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

/** Makes room for an answer from memory, until `sendBytes` has ended. False where there is none. */
export function hasRoomFor(body: Buffer): boolean {
  return body.length <= PIECE || answers.hold(body);
}

/**
 * From memory to the client, a piece after the other: clients that do not read hold a piece, and not all of it. Resolves
 * when all is written or the client has left.
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

/** False where the client has left. */
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
