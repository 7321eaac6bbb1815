import { connect } from 'node:tls';
import { pick, type Dice } from '../support/hostile.ts';
import { HOST, base, chunked, get, post, raw } from './cases/hostile-case.ts';

/** A request with bytes changed, and the one after it, which shows what was left of the connection. */
export interface Mutant {
  readonly bytes: string;
  /** The repository it was made for, which no other one has. */
  readonly name: string;
}

/** It has no credentials of its own: where the backend sees it, it was taken for a part of another request. */
const HIDDEN = `GET /v2/hidden/tags/list HTTP/1.1\r\n${HOST}\r\n\r\n`;

const ORIGINALS = [
  base('Accept: */*', 'User-Agent: x'),
  get('/v2/a/manifests/latest', 'Accept: application/json', 'Connection: keep-alive'),
  post([`Content-Length: ${HIDDEN.length}`, 'Content-Type: application/octet-stream'], HIDDEN),
  chunked(`${HIDDEN.length.toString(16)};a=b\r\n${HIDDEN}\r\n0\r\nX-Trailer: 1\r\n\r\n`),
  raw(
    'PUT /v2/a/manifests/x HTTP/1.1',
    [HOST, 'Expect: 100-continue', `Content-Length: ${HIDDEN.length}`],
    HIDDEN,
  ),
  raw(
    `POST /v2/a/blobs/uploads/?mount=sha256%3A${'0'.repeat(64)}&from=b HTTP/1.1`,
    [HOST, 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 6'],
    'from=c',
  ),
  raw('HEAD /v2/_catalog?n=10&last=a%2Fb HTTP/1.0', [HOST]),
];

const MORSELS = [
  ...'\r|\n|\r\n|\r\n\r\n|\0|\t| |:|;|,|/|//|/../|%2f|%00|#|?|\\|\u00ff|\u0085'.split('|'),
  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  '\r\nTransfer-Encoding: chunked',
  'Connection: close\r\n',
  'Host: evil\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: h2c\r\n',
  '0\r\n\r\n',
  'HTTP/1.1',
  'X_Remote_User: a\r\n',
  'Content-Type: application/x-www-form-urlencoded\r\n',
  // Spaces, letters and slashes in the eyes of some server: U+00A0, U+0085, U+2003, U+0130, U+017F, U+212A, an overlong
  // slash, half a character.
  ...'\xc2\xa0|\xc2\x85|\xe2\x80\x83|\xc4\xb0|\xc5\xbf|\xe2\x84\xaa|\xc0\xaf|\xe2\x80'.split('|'),
  ...'%c2%a0|%e2%80%83|%c4%b0|%c0%af|%ff|&from=b|&mount=x|&MOUNT=x|&n=|&last='.split('|'),
];

const MOST_CHANGES = 3;

/** The nth request of this dice, with a line of valid credentials. */
export function makeMutant(nth: number, dice: Dice, credentials: string): Mutant {
  const name = `m${nth.toString(36).padStart(5, '0')}`;
  const original = pick(dice, ORIGINALS).replace('/v2/a/', `/v2/${name}/`).replace('@AUTH@', credentials);
  const rounds = 1 + dice(MOST_CHANGES);
  const bytes = Array.from({ length: rounds }).reduce<string>((text) => mutate(text, dice), original);
  return { bytes, name };
}

/** What is sent after a mutant: where the backend sees it, the gate is done with the mutant. */
export function markOf({ name }: Mutant, credentials: string, isLast: boolean): string {
  const close = isLast ? 'Connection: close\r\n' : '';
  return `GET /v2/mark/manifests/${name} HTTP/1.1\r\n${HOST}\r\n${credentials}${close}\r\n`;
}

function mutate(text: string, dice: Dice): string {
  const at = dice(text.length);
  const to = at + 1 + dice(20);
  switch (dice(6)) {
    case 0:
      return (
        text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << dice(8))) + text.slice(at + 1)
      );
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, to) + text.slice(at);
    case 3:
      return text.slice(0, at) + String.fromCharCode(dice(256)) + text.slice(at);
    case 4:
      return text.slice(0, at);
    default:
      return text.slice(0, at) + pick(dice, MORSELS) + text.slice(at);
  }
}

/** How long the gate may be silent before we say that no more will come: what waits for the rest of a body ends then. */
const SILENCE_MS = 300;
const DEADLINE_MS = 240_000;

export interface Shot {
  readonly statuses: readonly number[];
  /** A session to go on with at the next connection. */
  readonly session: Buffer | undefined;
}

/** Sends all of it on a connection of its own, and waits for the end. Rejects without one. */
export function shoot(
  { port, ca }: { readonly port: number; readonly ca: string },
  bytes: string,
  session: Buffer | undefined,
): Promise<Shot> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca,
      ALPNProtocols: ['http/1.1'],
      ecdhCurve: 'X25519',
      ...(session === undefined ? {} : { session }),
    });
    let text = '';
    let next = session;
    let silence: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.end(), SILENCE_MS);
    };
    const deadline = setTimeout(() => {
      reject(new Error(`no end in ${DEADLINE_MS} ms: ${JSON.stringify(bytes)}`));
      socket.destroy();
    }, DEADLINE_MS);
    socket.setEncoding('latin1').on('session', (given: Buffer) => (next = given));
    socket.once('secureConnect', () => {
      socket.write(Buffer.from(bytes, 'latin1'));
      wait();
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      wait();
    });
    socket.on('error', () => undefined).on('end', () => socket.end());
    socket.once('close', () => {
      clearTimeout(deadline);
      clearTimeout(silence);
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      resolve({ statuses, session: next });
    });
  });
}
