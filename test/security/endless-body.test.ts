import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { until } from '../support/programs.ts';
import { parseAnswers } from '../support/raw-client.ts';
import { HOST, UPLOADS, post, raw } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

const HUNDRED_GB = 100 * 1024 ** 3;
const MOST_READ = 2 * 1024 ** 2;

interface Flood {
  readonly statuses: readonly number[];
  readonly interim: readonly number[];
  readonly written: number;
}

/** Sends a head and then zeros without an end, as fast as they are taken, until the other side has had enough. */
function flood(port: number, ca: string, head: string): Promise<Flood> {
  return new Promise((resolve) => {
    // A client that does not care that the other side has nothing more to say.
    const options = { port, host: '127.0.0.1', ca, allowHalfOpen: true };
    const socket = connect(options);
    const received: Buffer[] = [];
    const zeros = Buffer.alloc(65_536);
    const pour = (): void => {
      while (socket.writable && socket.write(zeros));
    };
    socket.once('secureConnect', () => {
      socket.write(head);
      pour();
    });
    socket.on('drain', pour).on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      const { answers, interim } = parseAnswers(Buffer.concat(received), []);
      resolve({ statuses: answers.map(({ status }) => status), interim, written: socket.bytesWritten });
    });
  });
}

describe('R120: an endless body that is not wanted', () => {
  const fixture = useCaseFixture();

  it.each([
    ['of a stranger', post([`Content-Length: ${HUNDRED_GB}`]).replace('@AUTH@', ''), 401],
    [
      'in chunks of a stranger',
      post(['Transfer-Encoding: chunked'], '10000000\r\n').replace('@AUTH@', ''),
      401,
    ],
    ['for a path that is none', raw('PUT /v2/Foo/x HTTP/1.1', [HOST, `Content-Length: ${HUNDRED_GB}`]), 404],
    ['for a manifest', raw('PUT /v2/a/manifests/x HTTP/1.1', [HOST, `Content-Length: ${HUNDRED_GB}`]), 413],
    [
      'as a form',
      raw('PUT /v2/a/manifests/x HTTP/1.1', [
        HOST,
        'Content-Type: multipart/form-data',
        'Transfer-Encoding: chunked',
      ]),
      415,
    ],
    ['where none belongs', raw('GET /v2/ HTTP/1.1', [HOST, `Content-Length: ${HUNDRED_GB}`]), 400],
    ['after a head that cannot be read', 'GET /v2/ HTTP/1.1\r\n: no name\r\n\r\n', 400],
    ['of an unknown expectation', post(['Expect: x', `Content-Length: ${HUNDRED_GB}`]), 417],
  ])('%s: the client reads its answer, little is read, the connection ends', async (_name, text, status) => {
    const { gate } = fixture();
    const head = text.replaceAll('@AUTH@', `Authorization: ${gate.authorization}\r\n`);
    const accepted = watchAccepted(gate.port);
    const { statuses, interim, written } = await flood(gate.port, gate.ca, head);
    accepted.stop();
    expect(statuses).toEqual([status]);
    expect(interim).toEqual([]);
    expect(accepted.sockets).toHaveLength(1);
    await until(
      () => accepted.sockets.every(({ destroyed }) => destroyed) || undefined,
      () => 'the connection stayed open',
    );
    expect(Math.max(...accepted.sockets.map(({ bytesRead }) => bytesRead))).toBeLessThanOrEqual(MOST_READ);
    // The flood was one: without an end to reading it would have gone on.
    expect(written).toBeGreaterThan(65_536);
    expect(await fixture().wire()).toEqual([]);
  });

  it('is not asked for: an expectation of a stranger gets 401 and no 100', async () => {
    const outcome = await fixture().send(post(['Expect: 100-continue', `Content-Length: ${HUNDRED_GB}`]), {
      stranger: true,
      finish: true,
    });
    expect(outcome.answers.map(({ status }) => status)).toEqual([401]);
    expect(outcome.interim).toEqual([]);
    expect(await fixture().wire()).toEqual([]);
  });

  it('is asked for once somebody may send it', async () => {
    const expecting = post(['Expect: 100-continue', 'Content-Length: 5', 'Connection: close'], 'hello');
    const outcome = await fixture().send(expecting);
    expect(outcome.interim).toEqual([100]);
    expect(outcome.answers.map(({ status }) => status)).toEqual([200]);
    const [request] = (await fixture().wire()).flatMap(({ requests }) => requests);
    expect(request?.target).toBe(UPLOADS);
    expect(request?.raw).not.toMatch(/expect/i);
  });
});

/** The gate's own ends of the connections that it accepts from now on. */
function watchAccepted(port: number): { readonly sockets: readonly Socket[]; stop(): void } {
  const sockets: Socket[] = [];
  const onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    if (socket.localPort === port) sockets.push(socket);
  };
  subscribe('net.server.socket', onSocket);
  return { sockets, stop: () => void unsubscribe('net.server.socket', onSocket) };
}
