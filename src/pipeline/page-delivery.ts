import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../http/context.ts';
import { queuedBytes } from '../lib/node/queued-bytes.ts';
import { createProblem, type Problem } from '../oci/problem.ts';
import { respond, respondInPieces, type Answer } from '../oci/respond.ts';

/** A client that does not read holds so much of a page beside the page itself, encrypted once more. */
const PIECE = 64 * 1024;
/** Larger pages that are being sent, in bytes: of one owner, and of all. The number of connections bounds smaller ones. */
const MOST_EACH = 8 * 1024 * 1024;
const MOST = 32 * 1024 * 1024;
/** Nobody reads a page for longer, in milliseconds: 2 MB in this time is 7 KB a second. */
const LONGEST_MS = 300_000;
const LONGEST_TICK_MS = 1000;

const UNREAD = createProblem('UNSUPPORTED', 'The page was not read.', { status: 408, close: true });

export interface PageDeliveryOptions {
  /** How long a browser may read nothing of a page, in milliseconds. */
  readonly pageIdleMs: number;
}

interface Delivery {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly answer: Answer;
  /** Whose page it is. */
  readonly owner: string;
}

/** Sends pages, whose memory has a bound while their browsers read them, or do not. */
export class PageDelivery {
  readonly #idleMs: number;
  /** Bytes of the larger pages that are being sent, by owner. */
  readonly #held = new Map<string, number>();

  constructor({ pageIdleMs }: PageDeliveryOptions) {
    this.#idleMs = pageIdleMs;
  }

  /** Sends an answer. Returns the problem that is to be told in its place, if there is no room for it. */
  send({ req, res, answer, owner }: Delivery): Problem | undefined {
    const context = contextOf(req);
    const size = Buffer.byteLength(answer.body);
    if (size > PIECE && req.method !== 'HEAD') {
      if (!this.#hold(owner, size)) return TOO_MANY;
      res.once('close', () => this.#release(owner, size));
      respondInPieces(res, answer, PIECE, (bytes) => (context.sent += bytes));
    } else context.sent += respond(res, answer);
    cutUnread(req, res, this.#idleMs);
    return undefined;
  }

  #hold(owner: string, size: number): boolean {
    const own = (this.#held.get(owner) ?? 0) + size;
    const all = [...this.#held.values()].reduce((sum, bytes) => sum + bytes, size);
    if (own > MOST_EACH || all > MOST) return false;
    this.#held.set(owner, own);
    return true;
  }

  #release(owner: string, size: number): void {
    const left = (this.#held.get(owner) ?? 0) - size;
    if (left > 0) this.#held.set(owner, left);
    else this.#held.delete(owner);
  }
}

const TOO_MANY = createProblem('UNAVAILABLE', 'Too many large pages are being read.', {
  status: 503,
  headers: { 'Retry-After': '5' },
});

/** Ends the connection of a browser that reads nothing for this time, in milliseconds, or that does not come to an end. */
function cutUnread(req: IncomingMessage, res: ServerResponse, idleMs: number): void {
  // Read now: Node may detach the connection from a request that has ended.
  const { socket } = req;
  const began = performance.now();
  let moved = Number.NaN;
  let since = began;
  const look = (): void => {
    const now = performance.now();
    const taken = socket.bytesWritten - queuedBytes(socket);
    if (taken !== moved) since = now;
    moved = taken;
    if (now - since < idleMs && now - began < LONGEST_MS) return;
    clearInterval(timer);
    contextOf(req).problem ??= UNREAD;
    socket.destroy();
  };
  const timer = setInterval(look, Math.min(LONGEST_TICK_MS, idleMs / 4));
  timer.unref();
  res.once('close', () => clearInterval(timer));
}
