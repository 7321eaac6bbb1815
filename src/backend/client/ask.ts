import type { AnswerFault, AnswerHead } from './answer-head.ts';
import type { BackendConnection, Exchange } from './backend-connection.ts';
import type { Backend } from './backend.ts';

/** A question of the gate's own. */
export interface Question {
  /** Below the prefix of the backend. */
  readonly path: string;
  readonly timeoutMs: number;
  /** Most bytes of the answer's body that are taken. */
  readonly largestBytes: number;
  /** The gate's own word, for a registry that asks for one. */
  readonly authorization?: string | undefined;
}

export interface SmallAnswer {
  readonly status: number;
  readonly headers: AnswerHead['headers'];
  /** The body as UTF-8; undefined where it is larger than was wanted. */
  readonly text: string | undefined;
}

/**
 * Asks the registry for something small, and reads the answer whole. Rejects with the system error of the connection
 * (ETIMEDOUT where the answer is not in by then), or with what is wrong with the answer.
 */
export function ask(backend: Backend, question: Question): Promise<SmallAnswer> {
  return new Promise((resolve, reject) => new Asking(backend, question, { resolve, reject }).begin());
}

/** The registry sent something that is no answer. */
export class AnswerError extends Error {
  readonly fault: AnswerFault;

  constructor(fault: AnswerFault) {
    super(`the registry sent ${fault.reason}`);
    this.name = 'AnswerError';
    this.fault = fault;
  }
}

interface Outcome {
  readonly resolve: (answer: SmallAnswer) => void;
  readonly reject: (error: Error) => void;
}

class Asking implements Exchange {
  readonly #backend: Backend;
  readonly #question: Question;
  readonly #outcome: Outcome;
  readonly #timer: NodeJS.Timeout;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #connection: BackendConnection;
  #head: AnswerHead | undefined;

  constructor(backend: Backend, question: Question, outcome: Outcome) {
    this.#backend = backend;
    this.#question = question;
    this.#outcome = outcome;
    this.#connection = backend.pool.take();
    this.#timer = setTimeout(() => this.#expire(), question.timeoutMs);
  }

  begin(): void {
    const { path, authorization } = this.#question;
    const word = authorization === undefined ? '' : `authorization: ${authorization}\r\n`;
    const { authority, prefix } = this.#backend;
    const head = `GET ${prefix}${path} HTTP/1.1\r\nhost: ${authority}\r\n${word}\r\n`;
    this.#connection.begin(this, 'GET', head);
    this.#connection.finish();
  }

  onHead(head: AnswerHead): void {
    this.#head = head;
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#bytes <= this.#question.largestBytes)
      this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    else {
      this.#connection.abandon();
      this.#answer(undefined);
    }
  }

  onEnd(): void {
    this.#answer(Buffer.concat(this.#pieces).toString('utf8'));
  }

  onFault(fault: AnswerFault): void {
    this.#fail(new AnswerError(fault));
  }

  onBroken(error: Error): void {
    if (!this.#connection.isStale) {
      this.#fail(error);
      return;
    }
    this.#connection = this.#backend.pool.open();
    this.begin();
  }

  #answer(text: string | undefined): void {
    clearTimeout(this.#timer);
    const { status = 0, headers = {} } = this.#head ?? {};
    this.#outcome.resolve({ status, headers, text });
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer);
    this.#outcome.reject(error);
  }

  #expire(): void {
    this.#connection.abandon();
    this.#fail(Object.assign(new Error('the registry did not answer in time'), { code: 'ETIMEDOUT' }));
  }
}
