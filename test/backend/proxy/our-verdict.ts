import { AnswerReader } from '../../../src/lib/http1/answer-reader.ts';
import type { AnswerHead } from '../../../src/lib/http1/answer-head.ts';

/** What our reader made of the bytes of an answer. */
export interface OurVerdict {
  /** `open`: it wants more. */
  readonly outcome: 'whole' | 'open' | 'malformed' | 'unmeasured' | 'upgrade';
  readonly head: AnswerHead | undefined;
  readonly body: Buffer;
  readonly hadInterim: boolean;
  /** Bytes came after the end. Undefined where there was no end. */
  readonly hasSurplus: boolean | undefined;
  /** The end of the piece with which it was whole. */
  readonly end: number | undefined;
}

/** What lies in the buffer beside the bytes that count: whatever is read of it changes the verdict. */
const BESIDE = Buffer.from('\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0\r\n\r\n\n', 'latin1');
const NO_BODY = Buffer.alloc(0);

/** Gives the bytes to a new reader, in pieces that end at these places and at the end. Throws where it breaks its own rules. */
export function askOurs(method: string, bytes: Buffer, ends: readonly number[] = []): OurVerdict {
  let head: AnswerHead | undefined;
  const seen: { outcome: OurVerdict['outcome'] } = { outcome: 'open' };
  let given = { buffer: NO_BODY, start: 0, end: 0 };
  let end: number | undefined;
  const body: Buffer[] = [];
  const expectOpen = (what: string): void => {
    if (seen.outcome !== 'open') throw new Error(`${what} after ${seen.outcome}`);
  };
  const reader = new AnswerReader(method, {
    onHead: (found) => {
      expectOpen('a head');
      if (head !== undefined) throw new Error('a second head');
      head = found;
    },
    onBody: (buffer, start, end) => {
      expectOpen('a body');
      if (head === undefined) throw new Error('a body before a head');
      if (buffer !== given.buffer || start < given.start || end > given.end || start >= end)
        throw new Error('a body outside of what was given');
      body.push(Buffer.from(buffer.subarray(start, end)));
    },
    onEnd: () => {
      expectOpen('an end');
      if (head === undefined) throw new Error('an end before a head');
      seen.outcome = 'whole';
    },
    onFault: ({ kind, reason }) => {
      expectOpen('a fault');
      if (reason === '') throw new Error('a fault without a reason');
      // A body without an end, whoever sent it.
      seen.outcome = kind === 'expects-tls' ? 'unmeasured' : kind;
    },
  });
  // One buffer for all pieces, as on a connection: what lies in it is written over.
  const buffer = Buffer.alloc(bytes.length + 2 * BESIDE.length);
  BESIDE.copy(buffer);
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    given = { buffer, start: BESIDE.length, end: BESIDE.length + to - from };
    bytes.copy(buffer, given.start, from, to);
    BESIDE.copy(buffer, given.end);
    reader.read(buffer, given.start, given.end);
    from = to;
    if (reader.isWhole) end ??= to;
  }
  if (reader.isWhole !== (seen.outcome === 'whole')) throw new Error('whole, and no end told');
  return {
    outcome: seen.outcome,
    head,
    body: body.length === 0 ? NO_BODY : Buffer.concat(body),
    hadInterim: reader.hadInterim,
    hasSurplus: reader.isWhole ? reader.hasSurplus : undefined,
    end,
  };
}

const LONG = 4096;

/** Reads one byte at a time; of what is long, a few hundred, and then looks for the end of the answer. */
export function askOursSlowly(method: string, bytes: Buffer): OurVerdict {
  const step = bytes.length > LONG ? 257 : 1;
  const ends = Array.from({ length: Math.ceil(bytes.length / step) }, (_none, nth) => nth * step);
  const verdict = askOurs(method, bytes, ends);
  return step === 1 || verdict.end === undefined ? verdict : { ...verdict, end: findEnd(method, bytes) };
}

function findEnd(method: string, bytes: Buffer): number {
  let short = 0;
  let enough = bytes.length;
  while (enough - short > 1) {
    const middle = (short + enough) >> 1;
    if (askOurs(method, bytes.subarray(0, middle)).end === undefined) short = middle;
    else enough = middle;
  }
  return enough;
}
