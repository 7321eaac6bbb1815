import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { parseAnswers } from '../support/raw-client.ts';
import { HOST, raw } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

const MIB = 1024 * 1024;

interface Sent {
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly end: 'fin' | 'reset';
}

/** Sends all of a request before it reads a byte, as Python's and many other clients do. */
function sendWhole(port: number, ca: string, head: string, size: number): Promise<Sent> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    let error: string | undefined;
    let end: Sent['end'] = 'reset';
    const options = { port, host: '127.0.0.1', ca, allowHalfOpen: true };
    const socket = connect(options);
    socket.pause();
    socket.once('secureConnect', () => {
      socket.write(head);
      socket.write(Buffer.alloc(size, 0x20), () => socket.resume());
    });
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.once('end', () => {
      end = 'fin';
      socket.end();
    });
    socket.on('error', ({ message }) => (error = message));
    socket.once('close', () => {
      const [answer] = parseAnswers(Buffer.concat(received), []).answers;
      resolve({ status: answer?.status, error, end });
    });
  });
}

describe('C8: a body that is refused', () => {
  const fixture = useCaseFixture();

  it.each([
    ['a manifest of 9 MiB', 'PUT /v2/a/manifests/x', 9 * MIB, 413],
    ['a layer of 16 MiB for a path that is none', 'PUT /v2/Foo/x', 16 * MIB, 404],
  ])('%s is read to its announced end: the client reads its answer', async (_name, line, size, status) => {
    const { gate } = fixture();
    const head = raw(`${line} HTTP/1.1`, [HOST, `Content-Length: ${size}`]);
    const credentials = `Authorization: ${gate.authorization}\r\n`;
    const sent = await sendWhole(gate.port, gate.ca, head.replace('@AUTH@', credentials), size);
    expect(sent).toEqual({ status, error: undefined, end: 'fin' });
  });
});
