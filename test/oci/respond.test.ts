import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createProblem, problemAnswer } from '../../src/oci/problem.ts';
import {
  renderAnswer,
  respond,
  respondEmpty,
  respondInPieces,
  writeRegistryHead,
} from '../../src/oci/respond.ts';
import type { Answer } from '../../src/oci/respond.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** The lines of an answer as they came, without what Node adds to each. */
async function linesOf(method: string, handler: Handler): Promise<string[]> {
  const server = createServer((req, res) => {
    res.sendDate = false;
    handler(req, res);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.end(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    const lines = (await text(socket)).split('\r\n');
    return lines.filter((line) => !/^(Connection: keep-alive|Keep-Alive:)/.test(line));
  } finally {
    server.close();
  }
}

const TEXT: Answer = { status: 200, type: 'text/plain; charset=utf-8', body: 'schön\n' };
const HEAD = [
  'HTTP/1.1 200 OK',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Length: 7',
  'Cache-Control: no-store',
  'X-Content-Type-Options: nosniff',
];

describe('respond', () => {
  it.each<readonly [string, string, Answer, readonly string[]]>([
    ['a page', 'GET', TEXT, [...HEAD, '', 'schön\n']],
    ['the head of a page', 'HEAD', TEXT, [...HEAD, '', '']],
    [
      'a problem',
      'GET',
      { ...problemAnswer(createProblem('DENIED', 'No.'), 'r1'), headers: { Allow: 'GET' }, close: true },
      [
        'HTTP/1.1 403 Forbidden',
        'Allow: GET',
        'Content-Type: application/json; charset=utf-8',
        'Content-Length: 73',
        'Cache-Control: no-store',
        'Docker-Distribution-Api-Version: registry/2.0',
        'X-Content-Type-Options: nosniff',
        'Connection: close',
        '',
        '{"errors":[{"code":"DENIED","message":"No.","detail":{"request":"r1"}}]}\n',
      ],
    ],
  ])('writes %s', async (_name, method, answer, lines) => {
    let sent: number | undefined;
    const got = await linesOf(method, (_req, res) => {
      sent = respond(res, answer);
    });
    expect(got).toEqual(lines);
    expect(sent).toBe(Buffer.byteLength(got.at(-1) ?? ''));
  });
});

describe('an answer in pieces', () => {
  it.each([1, 3, 7, 100])('of %i bytes is the same', async (pieceBytes) => {
    let sent = 0;
    const got = await linesOf('GET', (_req, res) =>
      respondInPieces(res, TEXT, pieceBytes, (bytes) => (sent += bytes)),
    );
    expect([got, sent]).toEqual([[...HEAD, '', 'schön\n'], 7]);
  });
});

describe('an answer without a body', () => {
  it('has no field that would describe one', async () => {
    const lines = await linesOf('OPTIONS', (_req, res) => respondEmpty(res, 204, { Allow: 'GET' }));
    expect(lines).toEqual(['HTTP/1.1 204 No Content', 'Allow: GET', '', '']);
  });
});

describe('an answer for a bare connection', () => {
  it('is written as respond writes it', () => {
    expect(renderAnswer({ ...TEXT, headers: { Connection: 'close' } }, 'OK').split('\r\n')).toEqual([
      'HTTP/1.1 200 OK',
      'Connection: close',
      ...HEAD.slice(1),
      '',
      'schön\n',
    ]);
  });
});

describe('the head of a registry answer', () => {
  it.each([
    [3, ['Content-Length: 3']],
    [undefined, []],
  ])('whose body has %s bytes', async (length, lines) => {
    const got = await linesOf('HEAD', (_req, res) => {
      writeRegistryHead(res, 200, { 'X-A': 'a', 'X-B': ['b', 'c'] }, length);
      res.end();
    });
    expect(got).toEqual([
      'HTTP/1.1 200 OK',
      'Docker-Distribution-Api-Version: registry/2.0',
      'X-Content-Type-Options: nosniff',
      ...lines,
      'X-A: a',
      'X-B: b',
      'X-B: c',
      '',
      '',
    ]);
  });

  it('M-B11r: shuts in what a browser would show', async () => {
    const got = await linesOf('HEAD', (_req, res) => {
      writeRegistryHead(res, 200, { 'Content-Type': 'image/svg+xml' }, 3);
      res.end();
    });
    expect(got).toEqual(
      expect.arrayContaining([
        'content-disposition: attachment',
        "content-security-policy: default-src 'none'; sandbox",
        'Content-Type: image/svg+xml',
      ]),
    );
  });
});
