import { AppError } from '../../../lib/errors.ts';
import { JoinedBytes } from '../../../lib/streams/joined-bytes.ts';
import type { ArrivingBody } from './arriving-body.ts';
import { unreachable } from './unreachable.ts';
import { WireError } from './wire-error.ts';

type Fields = Readonly<Record<string, string | undefined>>;

interface AnswerParts {
  readonly status: number;
  readonly fields: Fields;
  readonly body: ArrivingBody;
  /** Whether the body ends with the connection: nothing tells whether all of it came. */
  readonly endsWithConnection: boolean;
  readonly url: URL;
  readonly signal?: AbortSignal | undefined;
}

/** The most of a body that nobody wants which is read to keep the connection. */
const MOST_DROPPED = 64 * 1024;
/** How long a body of bounded size may take as a whole: a server that sends a byte a minute never stalls. */
const WHOLE_MS = 120_000;

/** An answer, whose body is read once: with `read`, `pieces` or `drop`. */
export class Answer {
  readonly status: number;
  /** What was asked for in the end, after redirects. */
  readonly url: URL;
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.status = parts.status;
    this.url = parts.url;
    this.#parts = parts;
  }

  /** Returns a header by its lower-case name; several of one name with commas between them. */
  header(name: string): string | undefined {
    return this.#parts.fields[name];
  }

  /** Returns Content-Length; undefined if there is none. */
  get length(): number | undefined {
    const text = this.header('content-length') ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  }

  /**
   * Reads the whole body. Throws AppError REGISTRY_REFUSED if it is longer than this, and REGISTRY_UNREACHABLE if it ends
   * with the connection, unless `isJudged`: its reader knows by a digest whether it is whole, or does without that.
   */
  async read(most: number, { isJudged = false } = {}): Promise<Buffer> {
    const { body, endsWithConnection } = this.#parts;
    if (endsWithConnection && !isJudged) throw this.#endless();
    // It mostly came with its head.
    if (body.isSmall && body.isOver) return this.#readSmall(most);
    const timer = setTimeout(() => body.fail(slow()), WHOLE_MS);
    try {
      return await (body.isSmall ? this.#readSmall(most) : this.#readPieces(most));
    } finally {
      clearTimeout(timer);
    }
  }

  async #readSmall(most: number): Promise<Buffer> {
    const { body, signal } = this.#parts;
    if (body.length > most) {
      body.close();
      throw tooLong(this.url, most);
    }
    try {
      return await body.whole();
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(this.url, error);
    }
  }

  async #readPieces(most: number): Promise<Buffer> {
    const bytes = new JoinedBytes();
    for await (const piece of this.pieces()) {
      if (bytes.length + piece.length > most) throw tooLong(this.url, most);
      bytes.add(piece);
    }
    return bytes.join();
  }

  #endless(): AppError {
    this.#parts.body.close();
    return unreachable(this.url, new WireError('ERR_ANSWER_UNMEASURED', 'an answer without an end'));
  }

  /** Reads the body as it arrives. A piece is valid until the next one is asked for. Throws AppError REGISTRY_UNREACHABLE if the connection breaks. */
  async *pieces(): AsyncIterable<Uint8Array> {
    const { body, url, signal } = this.#parts;
    try {
      for (let piece = await body.next(); piece !== undefined; piece = await body.next()) yield piece;
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof AppError ? error : unreachable(url, error);
    } finally {
      body.close();
    }
  }

  /** Throws the body away. A short one is read, so that its connection can be used again. */
  async drop(): Promise<void> {
    try {
      await this.read(MOST_DROPPED, { isJudged: true });
    } catch {
      this.#parts.body.close();
    }
  }
}

function slow(): Error {
  return new WireError('ETIMEDOUT', 'the answer took too long');
}

function tooLong(url: URL, most: number): AppError {
  return new AppError('REGISTRY_REFUSED', {
    message: `The answer of ${url.host} is longer than ${most} bytes, the most that is read of its kind.`,
    hint: 'No registry sends that much. Check the name: registry-gate images list REGISTRY',
  });
}
