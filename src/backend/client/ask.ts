import type { AnswerHead } from '../../lib/http1/answer-head.ts';
import { JoinedBytes } from '../../lib/streams/joined-bytes.ts';
import type { Backend } from './backend.ts';
import { Conversation, type AnswerHandler } from './conversation.ts';

/** A request of the gate itself. */
export interface Question {
  /** Below the prefix of the backend. */
  readonly path: string;
  readonly timeoutMs: number;
  /** The most bytes of the body that are accepted. */
  readonly largestBytes: number;
  /** The credentials of the gate, for a registry that requires them. */
  readonly authorization?: string | undefined;
}

export interface SmallAnswer {
  readonly status: number;
  readonly headers: AnswerHead['headers'];
  /** The body as UTF-8; undefined if it is larger than `largestBytes`. */
  readonly text: string | undefined;
}

/**
 * Asks the registry for something small and reads the answer whole. Rejects with the system error of the connection
 * (ETIMEDOUT if the answer is not complete in time) or with an AnswerError.
 *
 * @example
 * const { status, text } = await ask(backend, { path: '/v2/', timeoutMs: 5000, largestBytes: 65_536 });
 */
export function ask(backend: Backend, question: Question): Promise<SmallAnswer> {
  return new Promise((resolve, reject) => new TextAnswer(backend, question, { resolve, reject }).start());
}

interface AskOutcome {
  readonly resolve: (answer: SmallAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Collects an answer into a text. */
class TextAnswer implements AnswerHandler {
  readonly #question: Question;
  readonly #outcome: AskOutcome;
  readonly #conversation: Conversation;
  readonly #timer: NodeJS.Timeout;
  readonly #bytes = new JoinedBytes();
  #head: AnswerHead | undefined;

  constructor({ authority, prefix, pool }: Backend, question: Question, outcome: AskOutcome) {
    const { path, authorization, timeoutMs } = question;
    this.#question = question;
    this.#outcome = outcome;
    const credentials = authorization === undefined ? '' : `authorization: ${authorization}\r\n`;
    const head = `GET ${prefix}${path} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`;
    this.#conversation = new Conversation(this, { pool }, { method: 'GET', head });
    this.#timer = setTimeout(() => this.#conversation.fail(tooSlow()), timeoutMs);
  }

  start(): void {
    this.#conversation.start();
  }

  onHead(head: AnswerHead): boolean {
    this.#head = head;
    return true;
  }

  onBody(buffer: Buffer, start: number, end: number, taken: (() => void) | undefined): void {
    if (this.#bytes.length + end - start > this.#question.largestBytes) this.#answer(undefined);
    else this.#bytes.add(buffer.subarray(start, end));
    taken?.();
  }

  onEnd(): void {
    this.#answer(this.#bytes.join().toString('utf8'));
  }

  onFailure(error: Error): void {
    clearTimeout(this.#timer);
    this.#outcome.reject(error);
  }

  #answer(text: string | undefined): void {
    clearTimeout(this.#timer);
    this.#conversation.close();
    const { status = 0, headers = {} } = this.#head ?? {};
    this.#outcome.resolve({ status, headers, text });
  }
}

function tooSlow(): Error {
  return Object.assign(new Error('the registry did not answer in time'), { code: 'ETIMEDOUT' });
}
