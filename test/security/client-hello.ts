import { pick, type Dice } from '../support/hostile.ts';

/** What stands in a ClientHello (RFC 8446 section 4.1.2), as bytes, so that each part of it can be wrong. */
export interface Hello {
  readonly recordVersion: number;
  readonly version: number;
  readonly suites: readonly number[];
  readonly compression: readonly number[];
  /** Type and content. */
  readonly extensions: readonly (readonly [number, Buffer])[];
}

export const EXTENSION = {
  serverName: 0,
  groups: 10,
  signatures: 13,
  alpn: 16,
  versions: 43,
  keyShare: 51,
} as const;

const SUITES = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9, 0xc02f, 0xc030];
const X25519 = 0x001d;

const u16 = (value: number): Buffer => Buffer.from([(value >> 8) & 255, value & 255]);
const list16 = (content: Buffer): Buffer => Buffer.concat([u16(content.length), content]);
const words = (values: readonly number[]): Buffer => Buffer.concat(values.map(u16));
const list8 = (content: Buffer): Buffer => Buffer.concat([Buffer.from([content.length & 255]), content]);

export function serverName(name: Buffer, kind = 0): Buffer {
  return list16(Buffer.concat([Buffer.from([kind]), list16(name)]));
}

export function alpn(names: readonly Buffer[]): Buffer {
  return list16(Buffer.concat(names.map(list8)));
}

/** A hello that the gate answers. */
export function makeHello(dice: Dice): Hello {
  const share = Buffer.from(Array.from({ length: 32 }, () => dice(256)));
  return {
    recordVersion: 0x0301,
    version: 0x0303,
    suites: SUITES,
    compression: [0],
    extensions: [
      [EXTENSION.serverName, serverName(Buffer.from('localhost'))],
      [EXTENSION.groups, list16(words([X25519, 0x0017, 0x0018]))],
      [EXTENSION.signatures, list16(words([0x0403, 0x0804, 0x0401, 0x0503, 0x0805]))],
      [EXTENSION.alpn, alpn([Buffer.from('http/1.1')])],
      [EXTENSION.versions, list8(words([0x0304, 0x0303]))],
      [EXTENSION.keyShare, list16(Buffer.concat([u16(X25519), list16(share)]))],
    ],
  };
}

/** The same, with other content in one of its extensions. */
export function withExtension(hello: Hello, type: number, content: Buffer): Hello {
  const others = hello.extensions.filter(([given]) => given !== type);
  return { ...hello, extensions: [...others, [type, content]] };
}

export function withoutExtension(hello: Hello, type: number): Hello {
  return { ...hello, extensions: hello.extensions.filter(([given]) => given !== type) };
}

/** The handshake message, without a record around it. */
export function renderMessage(hello: Hello, dice: Dice): Buffer {
  const random = Buffer.from(Array.from({ length: 32 }, () => dice(256)));
  const extensions = hello.extensions.map(([type, content]) => Buffer.concat([u16(type), list16(content)]));
  const body = Buffer.concat([
    u16(hello.version),
    random,
    list8(Buffer.alloc(0)),
    list16(words(hello.suites)),
    list8(Buffer.from(hello.compression)),
    list16(Buffer.concat(extensions)),
  ]);
  return Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
}

/** A record of a content type (22: handshake) around these bytes. */
export function record(version: number, content: Buffer, type = 22): Buffer {
  return Buffer.concat([Buffer.from([type]), u16(version), u16(content.length), content]);
}

export function render(hello: Hello, dice: Dice): Buffer {
  return record(hello.recordVersion, renderMessage(hello, dice));
}

/** In records of so many bytes each. */
export function renderInPieces(hello: Hello, dice: Dice, size: number): Buffer {
  const message = renderMessage(hello, dice);
  const count = Math.ceil(message.length / size);
  return Buffer.concat(
    Array.from({ length: count }, (_none, at) =>
      record(hello.recordVersion, message.subarray(at * size, (at + 1) * size)),
    ),
  );
}

export function noise(dice: Dice, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => dice(256)));
}

/** Names that some server has fallen over. */
export const SERVER_NAMES: readonly Buffer[] = [
  '',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'LocalHost\0.example',
  '\0',
  'x'.repeat(255),
  'x'.repeat(256),
  'x'.repeat(16_000),
  `${'a.'.repeat(127)}a`,
  '127.0.0.1',
  '::1',
  '[::1]',
  'xn--a',
  'xn--ls8h.example',
  '*.example',
  '..',
  '-',
  ' localhost',
  'localhost:443',
  '__proto__',
  'constructor',
  '\u00e9\u00ff',
  '\ud83d\ude00',
  '\r\nX: y',
  "'; --",
  '../../etc/passwd',
].map((name) => Buffer.from(name));

export const PROTOCOLS: readonly (readonly Buffer[])[] = [
  [],
  [''],
  ['h2'],
  ['h2', 'http/1.1'],
  ['http/1.1', 'http/1.1'],
  ['HTTP/1.1'],
  ['http/1.0'],
  ['spdy/3'],
  ['acme-tls/1'],
  ['\0'],
  ['x'.repeat(255)],
  Array.from({ length: 200 }, (_none, at) => `p${at}`),
  ['\r\n'],
].map((names) => names.map((name) => Buffer.from(name)));

/** Versions of a record and of a hello, old, new and none at all. */
export const VERSIONS = [
  0x0000, 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0305, 0x7f1c, 0xfefd, 0xffff,
];

/** One byte is another, a piece is missing, or a piece comes twice. */
export function damage(bytes: Buffer, dice: Dice): Buffer {
  const at = dice(bytes.length);
  const to = Math.min(bytes.length, at + 1 + dice(40));
  switch (dice(4)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), noise(dice, 1 + dice(8)), bytes.subarray(at)]);
    default: {
      const copy = Buffer.from(bytes);
      copy[at] = dice(256);
      return copy;
    }
  }
}

/** SSL 2.0 had a hello of its own form (RFC 6101 appendix E). */
export function hello2(dice: Dice): Buffer {
  const ciphers = noise(dice, 3 * (1 + dice(8)));
  const challenge = noise(dice, 16);
  const body = Buffer.concat([
    Buffer.from([1]),
    u16(pick(dice, [0x0002, 0x0300, 0x0301, 0x0303])),
    u16(ciphers.length),
    u16(0),
    u16(challenge.length),
    ciphers,
    challenge,
  ]);
  return Buffer.concat([u16(0x8000 | body.length), body]);
}
