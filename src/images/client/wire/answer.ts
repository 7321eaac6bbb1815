import type { Readable } from 'node:stream';
import { AppError } from '../../../lib/errors.ts';
import { readAhead } from './read-ahead.ts';
import { unreachable } from './unreachable.ts';

type Fields = Readonly<Record<string, string | string[] | undefined>>;

interface AnswerParts {
  readonly status: number;
  readonly fields: Fields;
  readonly stream: Readable;
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
    // Errors are met by whoever reads it.
    parts.stream.on('error', () => undefined);
  }

  /** Returns a header by its lower-case name; several of one name with commas between them. */
  header(name: string): string | undefined {
    const value = this.#parts.fields[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** Returns Content-Length; undefined if there is none. */
  get length(): number | undefined {
    const text = this.header('content-length') ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  }

  /** Reads the whole body. Throws AppError REGISTRY_REFUSED if it is longer than this. */
  async read(most: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    const timer = setTimeout(() => this.#parts.stream.destroy(slow()), WHOLE_MS);
    try {
      for await (const piece of this.pieces()) {
        size += piece.length;
        if (size > most) throw tooLong(this.url, most);
        pieces.push(piece);
      }
    } finally {
      clearTimeout(timer);
    }
    return Buffer.concat(pieces, size);
  }

  /** Reads the body as it arrives. Throws AppError REGISTRY_UNREACHABLE if the connection breaks. */
  async *pieces(): AsyncIterable<Uint8Array> {
    const { stream, url, signal } = this.#parts;
    try {
      yield* readAhead(stream);
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof AppError ? error : unreachable(url, error);
    }
  }

  /** Throws the body away. A short one is read, so that its connection can be used again. */
  async drop(): Promise<void> {
    try {
      await this.read(MOST_DROPPED);
    } catch {
      this.#parts.stream.destroy();
    }
  }
}

function slow(): Error {
  return Object.assign(new Error('the answer took too long'), { code: 'ETIMEDOUT' });
}

function tooLong(url: URL, most: number): AppError {
  return new AppError('REGISTRY_REFUSED', {
    message: `The answer of ${url.host} is longer than ${most} bytes, the most that is read of its kind.`,
    hint: 'No registry sends that much. Check the name: registry-gate images list REGISTRY',
  });
}
