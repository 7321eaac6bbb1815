import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { askOver, askThrough, clientHello, dialGate } from '../support/front.ts';
import { temporaryFolder, until } from '../support/programs.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { startTestGate, type TestGate, type TestGateOptions } from '../support/test-gate.ts';
import { headerOf } from '../support/wire.ts';

const CLIENT = '203.0.113.5';
const STRANGER = '127.0.0.2';
const LINE = `PROXY TCP4 ${CLIENT} 127.0.0.1 4711 443\r\n`;
const SIGNATURE = '0d0a0d0a000d0a515549540a';
const BINARY = Buffer.from(`${SIGNATURE}2111000ccb0071057f000001126701bb`, 'hex');
const LOCAL = Buffer.from(`${SIGNATURE}20000000`, 'hex');

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

interface Scene {
  readonly gate: TestGate;
  readonly backend: RecordingBackend;
  /** The client of the last request, as the backend was told and as the log says. */
  told(): Promise<{ backend: string | undefined; log: unknown }>;
}

async function stage(
  protocol: 'x-forwarded-for' | 'proxy-protocol',
  more: Partial<TestGateOptions> = {},
  networks: readonly string[] = ['127.0.0.1'],
): Promise<Scene> {
  const backend = await startRecordingBackend();
  open.push(backend);
  const config = { frontProxies: { networks, protocol }, ...more.config };
  const gate = await startTestGate({ backend: backend.url, ...more, config });
  open.push(gate);
  const told: Scene['told'] = async () => {
    const line = await until(
      () => gate.log.map((text) => JSON.parse(text)).findLast(({ msg }) => msg === 'request'),
      () => `no request is logged:\n${gate.log.join('\n')}`,
    );
    const request = backend
      .take()
      .flatMap(({ requests }) => requests)
      .at(-1);
    return { backend: request && headerOf(request, 'x-forwarded-for'), log: line.address };
  };
  return { gate, backend, told };
}

/** Until the gate has ended the connection. */
async function ended(socket: Awaited<ReturnType<typeof dialGate>>): Promise<string> {
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk)).on('error', () => undefined);
  await until(
    () => socket.closed || undefined,
    () => 'the connection stays open',
  );
  return Buffer.concat(received).toString('latin1');
}

describe('R44: X-Forwarded-For', () => {
  it.each<readonly [string, readonly string[], string | undefined, string]>([
    ['of a front is believed', [`X-Forwarded-For: ${CLIENT}`], undefined, CLIENT],
    [
      'of a front is believed up to the rightmost stranger',
      [`X-Forwarded-For: 1.2.3.4, ${CLIENT}`],
      undefined,
      CLIENT,
    ],
    [
      'of a front in two fields is one list',
      ['X-Forwarded-For: 1.2.3.4', `x-forwarded-for: ${CLIENT}`],
      undefined,
      CLIENT,
    ],
    ['of a front that says nothing: the front', [], undefined, '127.0.0.1'],
    ['of a stranger is dropped', [`X-Forwarded-For: ${CLIENT}`], STRANGER, STRANGER],
    [
      'by another name is dropped',
      [`X-Real-IP: ${CLIENT}`, `Forwarded: for=${CLIENT}`],
      undefined,
      '127.0.0.1',
    ],
  ])('%s', async (_name, lines, from, client) => {
    const { gate, told } = await stage('x-forwarded-for');
    const [answer] = await askThrough(gate, { lines, ...(from === undefined ? {} : { from }) });
    expect(answer?.status).toBe(200);
    expect(await told()).toEqual({ backend: client, log: client });
  });

  it('is dropped where no front is named', async () => {
    const { gate, told } = await stage('x-forwarded-for', {}, []);
    await askThrough(gate, { lines: [`X-Forwarded-For: ${CLIENT}`] });
    expect(await told()).toEqual({ backend: '127.0.0.1', log: '127.0.0.1' });
  });

  it('is what the networks of the access rules are held to', async () => {
    const folder = await temporaryFolder('front-rules');
    open.push(folder);
    const access = join(folder.path, 'access.yml');
    await writeFile(
      access,
      'rules:\n  - {who: alice, repositories: "**", allow: pull, networks: 203.0.113.0/24}\n',
    );
    const { gate } = await stage('x-forwarded-for', { config: { access } });
    expect(await askAt(gate, `X-Forwarded-For: ${CLIENT}`)).toBe(200);
    expect(await askAt(gate, 'X-Forwarded-For: 198.51.100.1')).toBe(403);
    expect(await askAt(gate, `X-Forwarded-For: ${CLIENT}, 198.51.100.1`)).toBe(403);
    expect(await askAt(gate, 'X-Other: 1')).toBe(403);
  });

  it('is not asked for at the beginning of a connection: a PROXY header is no TLS', async () => {
    const { gate } = await stage('x-forwarded-for');
    expect(await ended(await dialGate(gate, { before: [LINE] }))).toBe('');
    expect(await ended(await dialGate(gate, { before: [BINARY] }))).not.toMatch(/HTTP/);
  });
});

/** The status for a manifest, for which a rule is needed. */
async function askAt(gate: TestGate, line: string): Promise<number | undefined> {
  const target = 'GET /v2/team/app/manifests/latest HTTP/1.1';
  const [answer] = await askThrough(gate, { target, lines: [line] });
  return answer?.status;
}

describe('R44: the PROXY protocol', () => {
  it.each<readonly [string, readonly (string | Buffer)[], string]>([
    ['version 1', [LINE], CLIENT],
    ['version 2', [BINARY], CLIENT],
    ['version 1, byte by byte', LINE.split(''), CLIENT],
    ['version 2, byte by byte', [...BINARY].map((byte) => Buffer.from([byte])), CLIENT],
    ['version 2, from the front itself', [LOCAL], '127.0.0.1'],
    ['version 1, from who knows whom', ['PROXY UNKNOWN\r\n'], '127.0.0.1'],
  ])('%s: the client is known, for all requests of the connection', async (_name, before, client) => {
    const { gate, told } = await stage('proxy-protocol');
    const lines = ['X-Forwarded-For: 198.51.100.99'];
    const answers = await askThrough(gate, { before, lines, count: 2 });
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await told()).toEqual({ backend: client, log: client });
  });

  it.each([
    ['version 1', Buffer.from(LINE, 'latin1')],
    ['version 2', BINARY],
  ])('%s may come in one packet with the beginning of TLS', async (_name, header) => {
    const { gate } = await stage('proxy-protocol', { timeouts: { handshakeSeconds: 1 } });
    const socket = await dialGate(gate, { before: [Buffer.concat([header, await clientHello()])] });
    const answer = await ended(socket);
    // A record of a handshake, TLS 1.x: the gate says hello.
    expect(answer.slice(0, 2)).toBe('\x16\x03');
  });

  it('is required of a front: without it the connection is ended, and the log names the front, the setting and the cure', async () => {
    const { gate, backend } = await stage('proxy-protocol');
    await expect(askThrough(gate, {})).rejects.toThrow(/closed|ECONNRESET|disconnected/);
    const lines = gate.log.filter((line) => line.includes('was refused')).map((line) => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({
        address: '127.0.0.1',
        setting: expect.stringMatching(
          /^frontProxies\.networks: 127\..*; frontProxies\.protocol: proxy-protocol$/,
        ),
        error: 'its connection does not begin with a PROXY header',
        msg: expect.stringContaining('front proxy 127.0.0.1 was refused: let it send the PROXY protocol'),
      }),
    ]);
    expect(backend.accepted()).toBe(0);
  });

  it.each([
    ['no header', 'GET / HTTP/1.1\r\n\r\n'],
    ['a line that is none', 'PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n'],
    ['a line without an end', `PROXY ${'x'.repeat(200)}`],
    ['another version', Buffer.from(`${SIGNATURE}31110000`, 'hex')],
    ['a header of 64 KiB', Buffer.from(`${SIGNATURE}2111ffff`, 'hex')],
  ])('with %s ends the connection without a word', async (_name, bytes) => {
    const { gate } = await stage('proxy-protocol');
    expect(await ended(await dialGate(gate, { before: [bytes] }))).toBe('');
  });

  it.each([
    ['nothing', []],
    ['half a line', ['PROXY TCP4 203.0']],
    ['half a binary header', [BINARY.subarray(0, 14)]],
    ['a header, and then nothing', [LINE]],
  ])('R113: of which %s comes ends with the time for a handshake', async (_name, before) => {
    const { gate } = await stage('proxy-protocol', { timeouts: { handshakeSeconds: 0.3 } });
    expect(await ended(await dialGate(gate, { before }))).toBe('');
  });

  it('from a stranger is no header: refused; without it they are served', async () => {
    const { gate, told } = await stage('proxy-protocol');
    const refused = await dialGate(gate, { before: [LINE], from: STRANGER });
    expect(await ended(refused)).toBe('');
    await expect(askThrough(gate, { before: [BINARY], from: STRANGER })).rejects.toThrow(
      /closed|ECONNRESET|disconnected/,
    );
    await askThrough(gate, { from: STRANGER });
    expect(await told()).toEqual({ backend: STRANGER, log: STRANGER });
  });
});

describe('M-B6: one front, one source port, two addresses of the gate', () => {
  const everywhere = { listen: [{ host: '0.0.0.0', port: 0 }] };

  /** Two connections that differ in nothing but the address at which they reach the gate. */
  async function twins(
    gate: TestGate,
    headers: readonly [string[], string[]],
  ): Promise<readonly [Socket, Socket]> {
    const first = await dialGate(gate, { to: '127.0.0.1', from: '127.0.0.1', before: headers[0] });
    const fromPort = first.localPort ?? 0;
    const second = await dialGate(gate, {
      to: '127.0.0.2',
      from: '127.0.0.1',
      fromPort,
      before: headers[1],
    });
    return [first, second];
  }

  it('leaves each connection the client that its own header names', async () => {
    const { gate, told } = await stage('proxy-protocol', { config: everywhere });
    const other = LINE.replace(CLIENT, '198.51.100.77');
    const [first, second] = await twins(gate, [[LINE], [other]]);
    expect((await askOver(gate, first, {}))[0]?.status).toBe(200);
    expect(await told()).toEqual({ backend: CLIENT, log: CLIENT });
    // What the end of the one takes with it is not the other's.
    await until(
      () => (first.closed ? true : undefined),
      () => 'the first connection stays open',
    );
    expect((await askOver(gate, second, { target: 'GET /v2/second/manifests/x HTTP/1.1' }))[0]?.status).toBe(
      200,
    );
    await until(
      async () => ((await told()).log === '198.51.100.77' ? true : undefined),
      () => `the second request is another one's:\n${gate.log.join('\n')}`,
    );
  });

  it('ends a silent one when the gate drains, although its twin is at work', async () => {
    const { gate, backend } = await stage('x-forwarded-for', {
      config: everywhere,
      timeouts: { headerSeconds: 5, handshakeSeconds: 600, drainSeconds: 600 },
    });
    const [first, silent] = await twins(gate, [[], []]);
    const body = 'Content-Length: 5';
    const busy = askOver(gate, first, { target: 'PATCH /v2/a/blobs/uploads/x HTTP/1.1', lines: [body] });
    const cut = busy.catch(() => 'cut');
    await until(
      () => (backend.received() > 0 ? true : undefined),
      () => 'no upload is under way',
    );
    const stopped = gate.gate.stop();
    expect(await ended(silent)).toBe('');
    expect(first.closed).toBe(false);
    gate.gate.stopNow();
    await Promise.all([stopped, cut]);
  });
});
