import { renderAnswer, type AnswerParts, type Dice, type Field } from './answer-grammar.ts';

type PartsMutation = (parts: AnswerParts, dice: Dice) => AnswerParts;
type BytesMutation = (bytes: Buffer, dice: Dice) => Buffer;

export const STATUS_LINES = [
  'HTTP/1.1 200',
  'HTTP/1.1 200 ',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 200  OK',
  'HTTP/1.1\t200 OK',
  ' HTTP/1.1 200 OK',
  '\r\nHTTP/1.1 200 OK',
  '\rHTTP/1.1 200 OK',
  '\nHTTP/1.1 200 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1 000 OK',
  'HTTP/1.1 199 OK',
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 103 Early Hints',
  'HTTP/1.1 600 OK',
  'HTTP/1.1 999 OK',
  'HTTP/1.1 2x0 OK',
  'HTTP/1.1 +20 OK',
  'HTTP/1.1 -20 OK',
  'HTTP/1.1 204 OK',
  'HTTP/1.1 304 OK',
  'HTTP/1.1 205 OK',
  'HTTP/1.1 200\u0000OK',
  'HTTP/1.1 200 O\u0000K',
  'HTTP/1.1 200 O\u007fK',
  'HTTP/1.1 200 O\u0001K',
  'HTTP/1.1 200 O\rK',
  'HTTP/1.0 200 OK',
  'HTTP/0.9 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/2.0 200 OK',
  'HTTP/2 200 OK',
  'HTTP/1 200 OK',
  'HTTP/01.1 200 OK',
  'HTTP/1.01 200 OK',
  'HTTP/1,1 200 OK',
  'http/1.1 200 OK',
  'HTTP /1.1 200 OK',
  'HTTPS/1.1 200 OK',
  'RTSP/1.0 200 OK',
  'ICE/1.0 200 OK',
  'ICY 200 OK',
  'GET / HTTP/1.1',
  '200 OK',
  'PRI * HTTP/2.0',
  'Content-Length: 2',
  '',
];

export const FRAMING: readonly Field[] = [
  ...[
    '0',
    '2',
    '5',
    '02',
    '+2',
    '-2',
    '2,2',
    '2, 2',
    '2 2',
    '0x2',
    '2;',
    '1e1',
    '',
    ' ',
    '2.0',
    "'2'",
    '\u00b2',
    '2\u0000',
  ].map((value): Field => ['Content-Length', ` ${value}`]),
  ['Content-Length', '18446744073709551616'],
  ['Content-Length', '18446744073709551618'],
  ['Content-Length', '9007199254740993'],
  ['Content-Length', '9223372036854775808'],
  ['Content-Length', '4294967298'],
  ['content-length', '2'],
  ['Content-Length ', '2'],
  ['Content-Length\t', '2'],
  [' Content-Length', '2'],
  ['Content_Length', '2'],
  ['Content-Length\u0000', '2'],
  ['Content\u00adLength', '2'],
  ['Content-Length', '2\r\n 2'],
  ...[
    'chunked',
    'Chunked',
    'chunked, chunked',
    'chunked,chunked',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, identity',
    'identity, chunked',
    'identity',
    'gzip',
    'xchunked',
    'chunkedx',
    'chunkedchunked',
    'chunked;',
    'chunked;q=1',
    ',chunked',
    'chunked,',
    ', chunked',
    '"chunked"',
    '',
    'chun ked',
    'chunked\u000b',
    '\u000bchunked',
    'chunked\u0000',
    'chunked\t',
    'chunked\u00a0',
    'chunked\r\n x',
    '\r\n chunked',
  ].map((value): Field => ['Transfer-Encoding', ` ${value}`]),
  ['transfer-encoding', 'chunked'],
  ['Transfer-Encoding ', 'chunked'],
  ['Transfer_Encoding', 'chunked'],
  [' Transfer-Encoding', 'chunked'],
  ['X\r\nTransfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'chunked\nX: y'],
  ['Transfer-Encoding', 'chunked\rX: y'],
];

export const ODD_FIELDS: readonly Field[] = [
  ['', 'x'],
  ['', ''],
  [' ', 'x'],
  ['X Odd', '1'],
  ['X-Odd ', '1'],
  ['X(', '1'],
  ['X\u00e9', '1'],
  ['X', ' a\u0000b'],
  ['X', ' a\rb'],
  ['X', ' a\nb'],
  ['X', ' a\u007fb'],
  ['X', ' a\u0001b'],
  ['X', ' a\r\n b'],
  ['X', ' a\r\n\tb'],
  ['X', ' a\r\n'],
  ['X', ' a\r'],
  ['X', '\r\n'],
  ['Connection', ' close'],
  ['Connection', ' keep-alive'],
  ['Connection', ' close, keep-alive'],
  ['Connection', ' Upgrade'],
  ['Connection', ' upgrade, close'],
  ['Connection', ' content-length'],
  ['Connection', ' transfer-encoding'],
  ['Connection', ' closed'],
  ['Connection', ','],
  ['Connection ', ' close'],
  ['Upgrade', ' h2c'],
  ['Location', ' /v2/a'],
  ['Location', ' /v2/b'],
  ['Location', ' https://evil.example/'],
  ['Content-Type', ' text/plain'],
  ['Content-Type', ' text/html'],
  ['Docker-Content-Digest', ' sha256:b'],
  ['ETag', ' "b"'],
  ['Link', ' </v2/b>; rel="next"'],
  ['Set-Cookie', ' a=b'],
  ['__proto__', ' x'],
  ['constructor', ' x'],
  ['Cache-Control', ' no-store'],
  ['Content-Range', ' bytes 0-1/2'],
  ['Date', ' today'],
  ['Retry-After', ' 1'],
];

function withFields(parts: AnswerParts, fields: readonly Field[]): AnswerParts {
  return { ...parts, fields };
}

function insertField(parts: AnswerParts, field: Field, dice: Dice): AnswerParts {
  const at = dice.roll(parts.fields.length + 1);
  return withFields(parts, [...parts.fields.slice(0, at), field, ...parts.fields.slice(at)]);
}

function isFraming([name]: Field): boolean {
  return /^(?:content-length|transfer-encoding)$/i.test(name);
}

const OF_PARTS: readonly PartsMutation[] = [
  (parts, dice) => ({ ...parts, statusLine: dice.pick(STATUS_LINES) }),
  (parts, dice) => insertField(parts, dice.pick(FRAMING), dice),
  (parts, dice) => insertField(parts, dice.pick(FRAMING), dice),
  (parts, dice) => insertField(parts, dice.pick(ODD_FIELDS), dice),
  (parts, dice) => insertField(parts, dice.pick(ODD_FIELDS), dice),
  (parts, dice) =>
    withFields(parts, [...parts.fields.filter((field) => !isFraming(field)), dice.pick(FRAMING)]),
  (parts) =>
    withFields(
      parts,
      parts.fields.filter((field) => !isFraming(field)),
    ),
  (parts, dice) => (parts.fields.length === 0 ? parts : insertField(parts, dice.pick(parts.fields), dice)),
  (parts, dice) => {
    const gone = dice.roll(parts.fields.length + 1);
    return withFields(
      parts,
      parts.fields.filter((_field, index) => index !== gone),
    );
  },
  (parts, dice) =>
    insertField(parts, ['X-Long', 'x'.repeat(dice.pick([1000, 8000, 16_000, 16_300, 16_400, 40_000]))], dice),
  (parts, dice) => withFields(parts, [...parts.fields, ...many(dice.pick([90, 130, 999, 2100]))]),
  (parts) => ({ ...parts, method: parts.method === 'GET' ? 'HEAD' : 'GET' }),
  (parts, dice) => ({ ...parts, interim: [dice.pick(INTERIM), ...parts.interim] }),
  (parts, dice) => ({ ...parts, payload: breakChunks(parts.payload, dice) }),
  (parts, dice) => ({ ...parts, payload: breakChunks(parts.payload, dice) }),
  (parts, dice) => ({ ...parts, payload: dice.pick(PAYLOADS) }),
  (parts, dice) => ({ ...parts, payload: parts.payload + dice.pick(AFTER) }),
];

export const INTERIM = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n',
  'HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 102 P\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'HTTP/1.1 103 E\r\nConnection: close\r\n\r\n',
  'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  'HTTP/1.1 101 S\r\n\r\n',
  'HTTP/1.0 100 Continue\r\n\r\n',
  'HTTP/1.1 199 ?\r\n\r\n',
  'HTTP/1.1 100\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n'.repeat(40),
];

export const PAYLOADS = [
  '0\r\n\r\n',
  '0\n\r\n',
  '0\r\n\n',
  '0\r\r\n',
  '0\r\n',
  '0',
  '00\r\n\r\n',
  '-0\r\n\r\n',
  '+2\r\nok\r\n0\r\n\r\n',
  '0x2\r\nok\r\n0\r\n\r\n',
  '2\nok\r\n0\r\n\r\n',
  '2\r\nok\n0\r\n\r\n',
  '2\r\nok\r\n0\r\nA: b\n\r\n',
  '2\r\nok\r\n0\r\nA : b\r\n\r\n',
  '2\r\nok\r\n0\r\nA\r\n\r\n',
  '2\r\nok\r\n0\r\nContent-Length: 5\r\n\r\n',
  '2\r\nok\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
  '2\r\nok\r\n0\r\nConnection: close\r\n\r\n',
  '2\r\nok\r\n0\r\n A: b\r\n\r\n',
  '2\r\nok\r\n0\r\nA: b\r\n c\r\n\r\n',
  '2\r\nok\r\n0\r\nA: b\u0000\r\n\r\n',
  '2\r\nokX\r\n0\r\n\r\n',
  '2\r\nok\rX0\r\n\r\n',
  '2\r\nok0\r\n\r\n',
  '2\r\no\r\n0\r\n\r\n',
  '2 \r\nok\r\n0\r\n\r\n',
  ' 2\r\nok\r\n0\r\n\r\n',
  '2\t\r\nok\r\n0\r\n\r\n',
  '2;\r\nok\r\n0\r\n\r\n',
  '2;a\nok\r\n0\r\n\r\n',
  '2;a\rb\r\nok\r\n0\r\n\r\n',
  '2;a\r\r\nok\r\n0\r\n\r\n',
  '2;a="b\r\nok\r\n0\r\n\r\n',
  '2;a="b\u0000"\r\nok\r\n0\r\n\r\n',
  '2;a="b\nc"\r\nok\r\n0\r\n\r\n',
  '2;a="b"c\r\nok\r\n0\r\n\r\n',
  '2;a=\r\nok\r\n0\r\n\r\n',
  '2;=a\r\nok\r\n0\r\n\r\n',
  '2 ;a\r\nok\r\n0\r\n\r\n',
  '2; a\r\nok\r\n0\r\n\r\n',
  '2;a = b\r\nok\r\n0\r\n\r\n',
  '2;a;\r\nok\r\n0\r\n\r\n',
  '2,a\r\nok\r\n0\r\n\r\n',
  '2;a=\u00e9\r\nok\r\n0\r\n\r\n',
  'g\r\nok\r\n0\r\n\r\n',
  '\r\nok\r\n0\r\n\r\n',
  '10000000000000002\r\nok\r\n0\r\n\r\n',
  'ffffffffffffffff\r\nok\r\n0\r\n\r\n',
  '100000002\r\nok\r\n0\r\n\r\n',
  '20000000000001\r\nok\r\n0\r\n\r\n',
  '000000000000000000002\r\nok\r\n0\r\n\r\n',
  `2;${'a'.repeat(5000)}\r\nok\r\n0\r\n\r\n`,
  `2;${'a'.repeat(17_000)}\r\nok\r\n0\r\n\r\n`,
  `0\r\n${'A: b\r\n'.repeat(3000)}\r\n`,
  `0\r\nA: ${'b'.repeat(17_000)}\r\n\r\n`,
];

export const AFTER = [
  'x',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '0\r\n\r\n',
  '\u0000',
  'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'H',
];

function many(count: number): readonly Field[] {
  return Array.from({ length: count }, (_none, index): Field => [`X-${index}`, '1']);
}

/** Breaks one line of the framing, and leaves the rest as it was. */
function breakChunks(payload: string, dice: Dice): string {
  const lines = payload.split('\r\n');
  const at = dice.roll(lines.length);
  const line = lines[at] ?? '';
  const broken = dice.pick([
    `${line} `,
    ` ${line}`,
    `${line};`,
    `0${line}`,
    `${line}0`,
    `x${line}`,
    `${line}\r`,
    '',
    `${line};a="`,
  ]);
  const joint = dice.pick(['\r\n', '\r\n', '\n', '\r', '']);
  return [...lines.slice(0, at), broken].join('\r\n') + joint + lines.slice(at + 1).join('\r\n');
}

const ODD_BYTES = [0, 9, 10, 13, 32, 34, 44, 48, 58, 59, 0x7f, 0x80, 0xff];

const OF_BYTES: readonly BytesMutation[] = [
  (bytes, dice) => replaceAt(bytes, placeIn(bytes, dice), 1, [dice.roll(256)]),
  (bytes, dice) => replaceAt(bytes, placeIn(bytes, dice), 1, [dice.pick(ODD_BYTES)]),
  (bytes, dice) => replaceAt(bytes, placeIn(bytes, dice), 0, [dice.pick(ODD_BYTES)]),
  (bytes, dice) => replaceAt(bytes, placeIn(bytes, dice), 1, []),
  (bytes, dice) => replaceAt(bytes, placeIn(bytes, dice), 1 + dice.roll(8), []),
  (bytes, dice) => bytes.subarray(0, dice.roll(bytes.length + 1)),
  (bytes, dice) => flip(bytes, placeIn(bytes, dice), 1 << dice.roll(8)),
  (bytes, dice) => twice(bytes, placeIn(bytes, dice), 1 + dice.roll(12)),
  (bytes, dice) => lineEnd(bytes, dice),
  (bytes, dice) => lineEnd(bytes, dice),
];

/** Heads are where the meaning is: half of the places are among the first 120 bytes. */
function placeIn(bytes: Buffer, dice: Dice): number {
  return dice.roll(Math.max(1, dice.once(2) ? bytes.length : Math.min(bytes.length, 120)));
}

function replaceAt(bytes: Buffer, at: number, length: number, by: readonly number[]): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(by), bytes.subarray(at + length)]);
}

function flip(bytes: Buffer, at: number, bit: number): Buffer {
  return replaceAt(bytes, at, 1, [(bytes[at] ?? 0) ^ bit]);
}

function twice(bytes: Buffer, at: number, length: number): Buffer {
  return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
}

function lineEnd(bytes: Buffer, dice: Dice): Buffer {
  const ends: number[] = [];
  for (let at = bytes.indexOf('\r\n'); at >= 0 && ends.length < 40; at = bytes.indexOf('\r\n', at + 1))
    ends.push(at);
  if (ends.length === 0) return bytes;
  const by = dice.pick([
    '\n',
    '\r',
    '\r\r\n',
    '\n\r',
    '\r\n\r\n',
    '\r\n\n',
    '',
    '\r\n ',
    '\r\n\t',
    ' \r\n',
    '\u0000\r\n',
    '\u0085',
    '\v',
    '\n\n',
  ]);
  return replaceAt(bytes, dice.pick(ends), 2, [...Buffer.from(by, 'latin1')]);
}

/** One to three things done to an answer that kept to the grammar. */
export function mutate(
  parts: AnswerParts,
  dice: Dice,
): { readonly method: 'GET' | 'HEAD'; readonly bytes: Buffer } {
  let mutated = parts;
  let left = 1 + dice.roll(3);
  for (; left > 0 && dice.once(2); left -= 1) mutated = dice.pick(OF_PARTS)(mutated, dice);
  let bytes = renderAnswer(mutated);
  for (; left > 0; left -= 1) bytes = dice.pick(OF_BYTES)(bytes, dice);
  return { method: mutated.method, bytes };
}
