import { parseAnswerHead, type AnswerFault, type AnswerHead } from './answer-head.ts';

/** Receives an answer while it is read: `onHead`, `onBody` any number of times, `onEnd`. `onFault` may come at any point and is the last call. */
export interface AnswerSink {
  onHead(head: AnswerHead): void;
  /** Bytes `start` to `end` of the buffer are a piece of the body. They are not copied: the buffer is used again. */
  onBody(buffer: Buffer, start: number, end: number): void;
  onEnd(): void;
  onFault(fault: AnswerFault): void;
}

type State = 'head' | 'length' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'over';

const BODY_STATE: Readonly<Record<AnswerHead['framing'], State>> = {
  none: 'length',
  length: 'length',
  chunked: 'chunk-size',
  close: 'until-close',
};

/** The limit of `node:http`. */
const HEAD_BYTES = 16 * 1024;
const LINE_BYTES = 1024;
const TRAILER_BYTES = 8 * 1024;
/** The most interim answers before the final one. */
const INTERIM_HEADS = 16;

const HEAD_END = Buffer.from('\r\n\r\n');
const LF = 0x0a;
const BEGINNING = 'HTTP/1.';
/** Text that no continuation can make a head. */
const NO_HEAD = /[^\r]\n|\r[^\n]|[^\t\n\r -~\u0080-\u00ff]/;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-[\\]-~]|\\\\[\\t -~])*"';
const CHUNK_SIZE = new RegExp(`^([0-9a-f]{1,12})(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*$`, 'i');
/** Without the fields that say where a body ends: they belong into the head. */
const TRAILER = new RegExp(`^(?!content-length:|transfer-encoding:)${TOKEN}:[\\t -~\\u0080-\\u00ff]*$`, 'i');

/**
 * Reads one answer of HTTP/1.1 from pieces of any size (RFC 9112), without copying or keeping a byte of the body. It
 * accepts nothing that the parser of Node.js refuses: no bare LF, no folded field, no second length, no coding but
 * chunked.
 */
export class AnswerReader {
  readonly #method: string;
  readonly #untilClose: boolean;
  readonly #sink: AnswerSink;
  #state: State = 'head';
  /** The part of a head or of a line received so far. */
  #text = '';
  /** Bytes of the body or of the chunk that are still missing. */
  #left = 0;
  #trailerBytes = 0;
  #interim = 0;
  #head: AnswerHead | undefined;
  #isWhole = false;
  #hasSurplus = false;

  /** `untilClose`: a body may end with the connection, if `endOfConnection` says so. Default: false. */
  constructor(method: string, sink: AnswerSink, { untilClose = false } = {}) {
    this.#method = method;
    this.#untilClose = untilClose;
    this.#sink = sink;
  }

  /** The head of the final answer, once it is complete. */
  get head(): AnswerHead | undefined {
    return this.#head;
  }

  /** Whether the sink gets no more calls: the answer is complete, invalid or unwanted. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Whether the answer is complete. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether an interim answer (1xx) came before the final one. */
  get hadInterim(): boolean {
    return this.#interim > 0;
  }

  /** Whether bytes followed the answer. */
  get hasSurplus(): boolean {
    return this.#hasSurplus;
  }

  /** Reads bytes `start` to `end` of the buffer. */
  read(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.#state !== 'over') at = this.#step(buffer, at, end);
    if (at < end) this.#hasSurplus = true;
  }

  /** The host has closed the connection in order: this is the end of a body that has no other. */
  endOfConnection(): void {
    if (this.#state === 'until-close') this.#finish();
  }

  /** Stops reading: the sink gets no more calls. */
  stop(): void {
    this.#state = 'over';
  }

  /** Reads on in the present state and returns the place of the next byte. */
  #step(buffer: Buffer, at: number, end: number): number {
    if (this.#state === 'head') return this.#readHead(buffer, at, end);
    if (this.#state === 'until-close') {
      this.#sink.onBody(buffer, at, end);
      return end;
    }
    if (this.#state === 'length' || this.#state === 'chunk') return this.#readBytes(buffer, at, end);
    return this.#readLine(buffer, at, end);
  }

  #readHead(buffer: Buffer, at: number, end: number): number {
    const before = this.#text.length;
    const most = Math.min(end, at + HEAD_BYTES + 1 - before);
    const found = before === 0 ? buffer.indexOf(HEAD_END, at) : -1;
    const known = found >= 0 && found + 4 <= most ? found + 4 : most;
    this.#text += buffer.toString('latin1', at, known);
    const stop = this.#text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (stop < 0 || stop + 4 > HEAD_BYTES) {
      this.#judgeBeginning(before);
      return known;
    }
    const text = this.#text.slice(0, stop + 4);
    this.#text = '';
    this.#takeHead(text);
    return at + stop + 4 - before;
  }

  /**
   * Refuses at once what cannot become a head: a server of another protocol might wait for us. Of the text judged before
   * only the last byte is read again, so that a head may come in many pieces.
   */
  #judgeBeginning(before: number): void {
    const text = this.#text;
    if (text.length > HEAD_BYTES) this.#fail('a head that is too large');
    else if (!BEGINNING.startsWith(text.slice(0, BEGINNING.length))) this.#fail('no status line');
    else if (NO_HEAD.test(text.slice(Math.max(0, before - 1)))) this.#fail('a malformed head');
  }

  #takeHead(text: string): void {
    const outcome = parseAnswerHead(text, this.#method, this.#untilClose);
    if (!outcome.ok) {
      this.stop();
      this.#sink.onFault(outcome.fault);
      return;
    }
    const { head } = outcome;
    if (head.status < 200) {
      this.#interim += 1;
      if (this.#interim > INTERIM_HEADS) this.#fail('too many interim answers');
      // The connection ends before the final answer.
      else if (!head.keepAlive) this.#fail('an interim answer that is the last');
      return;
    }
    this.#head = head;
    this.#left = head.length ?? 0;
    this.#state = BODY_STATE[head.framing];
    this.#sink.onHead(head);
    if (this.#state === 'length' && this.#left === 0) this.#finish();
  }

  #readBytes(buffer: Buffer, at: number, end: number): number {
    const until = Math.min(end, at + this.#left);
    this.#left -= until - at;
    this.#sink.onBody(buffer, at, until);
    if (this.#left === 0) {
      if (this.#state === 'length') this.#finish();
      else if (this.#state === 'chunk') this.#state = 'chunk-end';
    }
    return until;
  }

  #readLine(buffer: Buffer, at: number, end: number): number {
    const found = buffer.indexOf(LF, at);
    const until = found >= 0 && found < end ? found + 1 : end;
    this.#text += buffer.toString('latin1', at, Math.min(until, at + LINE_BYTES + 1));
    if (this.#text.length > LINE_BYTES) this.#fail('a line that is too long');
    else if (this.#text.endsWith('\r\n')) {
      const line = this.#text.slice(0, -2);
      this.#text = '';
      this.#takeLine(line);
    } else if (/[\n]|\r./.test(this.#text)) this.#fail('a malformed line');
    return until;
  }

  #takeLine(line: string): void {
    if (this.#state === 'chunk-size') this.#takeChunkSize(line);
    else if (this.#state === 'trailers') this.#takeTrailer(line);
    else if (line === '') this.#state = 'chunk-size';
    else this.#fail('a chunk that does not end where it should');
  }

  #takeChunkSize(line: string): void {
    const size = CHUNK_SIZE.exec(line)?.[1];
    if (size === undefined) {
      this.#fail('a malformed chunk');
      return;
    }
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
  }

  /** Checks the form of trailers and drops them. */
  #takeTrailer(line: string): void {
    this.#trailerBytes += line.length;
    if (line === '') this.#finish();
    else if (this.#trailerBytes > TRAILER_BYTES || !TRAILER.test(line)) this.#fail('malformed trailers');
  }

  #finish(): void {
    this.#state = 'over';
    this.#isWhole = true;
    this.#sink.onEnd();
  }

  #fail(reason: string): void {
    this.stop();
    this.#sink.onFault({ kind: 'malformed', reason });
  }
}
