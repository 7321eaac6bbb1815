/** Numbers that look random and come again with the same seed (mulberry32). */
export interface Dice {
  /** A whole number from 0 up to, not including, `below`. */
  roll(below: number): number;
  /** True once in `times`. */
  once(times: number): boolean;
  pick<T>(from: readonly T[]): T;
}

export function createDice(seed: number): Dice {
  let state = (seed + 0x6d2b79f5) | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const roll = (below: number): number => next() % below;
  return {
    roll,
    once: (times) => roll(times) === 0,
    pick: <T>(from: readonly T[]): T => {
      const picked = from[roll(from.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
  };
}

export type Field = readonly [name: string, value: string];

/** An answer in parts, each as latin1 text; what stands between them is added when it is written. */
export interface AnswerParts {
  readonly method: 'GET' | 'HEAD';
  /** Whole interim answers. */
  readonly interim: readonly string[];
  /** Without the line end. */
  readonly statusLine: string;
  readonly fields: readonly Field[];
  /** As it stands on the wire, with the framing of chunks. */
  readonly payload: string;
}

/** What an answer that keeps to the grammar means. */
export interface Meaning {
  readonly status: number;
  readonly body: string;
  readonly interim: readonly number[];
}

export interface ValidAnswer {
  readonly parts: AnswerParts;
  readonly meaning: Meaning;
}

const STATUSES = [
  200, 200, 200, 200, 201, 202, 204, 206, 301, 302, 304, 307, 400, 403, 404, 405, 416, 429, 500, 503,
];
const REASONS = [
  'OK',
  '',
  'Not Found',
  'Partial Content',
  'a\tb',
  '\u00e9\u00ff',
  'HTTP/1.1 200 OK',
  '200',
  'x: y',
];
const NAMES = [
  'Content-Type',
  'Docker-Content-Digest',
  'ETag',
  'Location',
  'Link',
  'Range',
  'Content-Range',
  'Date',
  'Server',
  'X-Odd',
  'x',
  "!#$%&'*+-.^_`|~09AZaz",
  'Content-Lengthy',
  'Content-Lengt',
  'Transfer-Encodings',
  'Connections',
  'Trailer',
  'Vary',
  'Accept-Ranges',
  'Keep-Alive',
  'Proxy-Connection',
  'Upgrade',
  'TE',
];
const VALUES = [
  'application/vnd.oci.image.manifest.v1+json',
  'sha256:aaaa',
  '',
  'x',
  'a, b,, c',
  'a b',
  'a\tb',
  '"quoted \\" text"',
  'chunked',
  '5',
  '\u00e4\u00ff\u0080',
  'HTTP/1.1 200 OK',
  'a: b',
  ';=,',
  '/v2/x?_state=y',
];
const SPACES = ['', ' ', ' ', ' ', '  ', '\t', ' \t '];
const CHUNKED = ['chunked', 'chunked', 'chunked', 'Chunked', 'CHUNKED', 'cHuNkEd'];
const CONNECTION = [
  'keep-alive',
  'close',
  'Keep-Alive',
  'CLOSE',
  'close, x-odd',
  'x-odd',
  'keep-alive, x-odd',
];
/** Names that may stand only once. */
const SINGLE = new Set([
  'content-type',
  'etag',
  'location',
  'date',
  'content-range',
  'docker-content-digest',
  'upgrade',
]);

/** An answer that keeps to RFC 9112, and says in itself where it ends. */
export function makeAnswer(dice: Dice): ValidAnswer {
  const method = dice.once(8) ? 'HEAD' : 'GET';
  const status = dice.once(20) ? 200 + dice.roll(400) : dice.pick(STATUSES);
  const interim = makeInterim(dice);
  const body = makeBody(dice);
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  const framed = frame(dice, status, body);
  const fields = shuffleIn(dice, makeFields(dice), framed.fields);
  const parts: AnswerParts = {
    method,
    interim: interim.map(({ text }) => text),
    statusLine: `HTTP/1.${dice.once(12) && framed.payload === body ? 0 : 1} ${status} ${dice.pick(REASONS)}`,
    fields,
    payload: bodiless ? '' : framed.payload,
  };
  return {
    parts,
    meaning: { status, body: bodiless ? '' : body, interim: interim.map(({ status }) => status) },
  };
}

export function renderAnswer({ interim, statusLine, fields, payload }: AnswerParts): Buffer {
  const lines = fields.map(([name, value]) => `${name}:${value}\r\n`).join('');
  return Buffer.from(`${interim.join('')}${statusLine}\r\n${lines}\r\n${payload}`, 'latin1');
}

function makeInterim(dice: Dice): readonly { readonly status: number; readonly text: string }[] {
  if (!dice.once(10)) return [];
  return Array.from({ length: 1 + dice.roll(2) }, () => {
    const status = dice.pick([100, 102, 103]);
    const fields = dice.once(2) ? 'Link: </x>; rel=preload\r\n' : '';
    return { status, text: `HTTP/1.1 ${status} Wait\r\n${fields}\r\n` };
  });
}

function makeBody(dice: Dice): string {
  const length = dice.once(30) ? dice.roll(3000) : dice.roll(24);
  if (dice.once(6)) return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'.slice(0, length);
  if (dice.once(6)) return '0\r\n\r\n0\r\n\r\n'.slice(0, length);
  return Array.from({ length }, () => String.fromCharCode(dice.roll(256))).join('');
}

function makeFields(dice: Dice): readonly Field[] {
  const seen = new Set<string>();
  const fields: Field[] = [];
  for (let left = dice.roll(5); left > 0; left -= 1) {
    const name = dice.pick(NAMES);
    if (SINGLE.has(name.toLowerCase()) && seen.has(name.toLowerCase())) continue;
    seen.add(name.toLowerCase());
    fields.push([dice.once(4) ? name.toLowerCase() : name, spaced(dice, dice.pick(VALUES))]);
  }
  if (dice.once(8)) fields.push(['Connection', spaced(dice, dice.pick(CONNECTION))]);
  return fields;
}

function spaced(dice: Dice, value: string): string {
  return `${dice.pick(SPACES)}${value}${dice.pick(SPACES)}`;
}

/** RFC 9112 section 6, but for a tab after `chunked`, with which node takes it for another coding: 204 has neither a length nor chunks; all others say here where they end. */
function frame(
  dice: Dice,
  status: number,
  body: string,
): { readonly fields: readonly Field[]; readonly payload: string } {
  if (status === 204 || (status === 304 && dice.once(2))) return { fields: [], payload: body };
  if (dice.once(2))
    return {
      fields: [
        [dice.pick(['Content-Length', 'content-length', 'CONTENT-LENGTH']), spaced(dice, `${body.length}`)],
      ],
      payload: body,
    };
  const fields: Field[] = [
    [
      dice.pick(['Transfer-Encoding', 'transfer-encoding']),
      `${dice.pick(SPACES)}${dice.pick(CHUNKED)}${dice.pick(['', '', ' ', '  '])}`,
    ],
  ];
  return { fields, payload: chunk(dice, body) };
}

function chunk(dice: Dice, body: string): string {
  let written = '';
  for (let at = 0; at < body.length;) {
    const size = Math.min(body.length - at, 1 + dice.roll(dice.once(2) ? 4 : 4000));
    written += `${hex(dice, size)}${extensions(dice)}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  const trailers = dice.pick(['', '', '', '', 'X-Sum: 1\r\n', 'a:\r\nETag: "y"\r\n']);
  return `${written}${dice.pick(['0', '0', '0', '000'])}${extensions(dice)}\r\n${trailers}\r\n`;
}

function hex(dice: Dice, size: number): string {
  const digits = size.toString(16);
  return `${dice.once(8) ? '000' : ''}${dice.once(3) ? digits.toUpperCase() : digits}`;
}

function extensions(dice: Dice): string {
  return dice.once(8) ? dice.pick([';a', ';a=b', ';a="b;c"', ';a=b;c=d', ';a="\\"\\\\"', ';x=0']) : '';
}

function shuffleIn(dice: Dice, fields: readonly Field[], framing: readonly Field[]): readonly Field[] {
  const at = dice.roll(fields.length + 1);
  return [...fields.slice(0, at), ...framing, ...fields.slice(at)];
}
