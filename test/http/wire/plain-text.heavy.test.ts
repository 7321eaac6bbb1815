import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, openClient } from '../../faults/scripted-backend.ts';
import { run } from '../../support/programs.ts';
import { parseAnswers, sendRaw } from '../../support/raw-client.ts';
import { describeWith } from '../../support/requires.ts';
import { startTestGate, type TestGate } from '../../support/test-gate.ts';

let gate: TestGate;
beforeAll(async () => {
  gate = await startTestGate({ backend: 'http://127.0.0.1:1', timeouts: { handshakeSeconds: 5 } });
});
afterAll(() => gate.close());

const REQUEST = 'GET /v2/ HTTP/1.1\r\nHost: registry.test\r\n\r\n';

describe('plain HTTP on the HTTPS port', () => {
  const CASES: Readonly<Record<string, string | readonly string[]>> = {
    'in one piece': REQUEST,
    'byte by byte': [...REQUEST],
    'of any method': REQUEST.replace('GET', 'DELETE'),
    'of a proxy': 'CONNECT registry.test:443 HTTP/1.1\r\nHost: registry.test\r\n\r\n',
    'a push with a body': `PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`,
  };
  for (const [name, bytes] of Object.entries(CASES)) {
    it(`is told so: ${name}`, async () => {
      const { answers, end } = await sendRaw({ port: gate.port, bytes, answers: 1 });
      expect(answers[0]).toMatchObject({ status: 400 });
      expect(answers[0]?.header('content-type')).toBe('application/json; charset=utf-8');
      expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({ errors: [{ code: 'UNSUPPORTED' }] });
      expect(answers[0]?.body).toContain('https://');
      expect(end).toBe('open');
    });
  }

  it('is closed afterwards', async () => {
    const socket = connect(gate.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined);
    socket.write(REQUEST);
    await once(socket, 'end');
    expect(parseAnswers(Buffer.from(text), []).answers).toHaveLength(1);
    socket.destroy();
  });
});

describe('a connection that is not TLS either', () => {
  const CASES: Readonly<Record<string, Buffer>> = {
    'a method that HTTP does not have': Buffer.from(REQUEST.toLowerCase()),
    'zero bytes': Buffer.alloc(100),
    SSLv2: Buffer.from('802e0100020015000000100100800200800300800400800500800600400700c0', 'hex'),
    'high bytes': Buffer.alloc(100, 0xff),
    'more high bytes than are read at once': Buffer.alloc(300_000, 0xff),
  };
  for (const [name, bytes] of Object.entries(CASES)) {
    it(`is closed: ${name}`, async () => {
      const outcome = await sendRaw({ port: gate.port, bytes });
      expect(outcome.answers).toEqual([]);
    });
  }

  it('is closed after the handshake time where nothing comes', async () => {
    const outcome = await sendRaw({ port: gate.port, bytes: '' });
    expect(outcome.bytes.length).toBe(0);
  });

  it('is closed where it ends before the first byte', async () => {
    const outcome = await sendRaw({ port: gate.port, bytes: '', finish: true });
    expect(outcome.bytes.length).toBe(0);
  });
});

describe('a TLS handshake', () => {
  it('whose first bytes come one by one loses none of them', async () => {
    const wire = connect(gate.port, '127.0.0.1');
    await once(wire, 'connect');
    const socket = connectTls({ socket: slowly(wire), ca: gate.ca, servername: 'localhost' });
    await once(socket, 'secureConnect');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually('an answer', () => text.includes('ok\n'));
    expect(text).toContain('200 OK');
    wire.destroy();
  });

  it('is taken from many at once', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => openClient(gate)));
    for (const client of clients) client.ask('GET', '/healthz');
    const answers = await Promise.all(clients.map((client) => client.answer()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    for (const client of clients) client.close();
  });
});

/** Lets each of the first bytes leave in a packet of its own. */
function slowly(wire: Socket): Duplex {
  let left = 20;
  wire.setNoDelay(true);
  const slow = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      const next = (at: number): void => {
        const length = left > 0 ? 1 : chunk.length - at;
        left -= 1;
        if (at >= chunk.length) done();
        else wire.write(chunk.subarray(at, at + length), () => setImmediate(next, at + length));
      };
      next(0);
    },
  });
  wire.on('data', (chunk: Buffer) => slow.push(chunk));
  return slow;
}

describeWith(['curl'], 'curl', () => {
  it('shows the reason to its user', async () => {
    const ran = await run('curl', ['-sS', '-i', `http://127.0.0.1:${gate.port}/v2/`]);
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    expect(ran.stdout).toContain('This port speaks HTTPS');
  });
});
