import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parseAnswers, type RawAnswer } from './raw-client.ts';
import type { TestGate } from './test-gate.ts';

export interface FrontOptions {
  /** What goes over the TCP connection before TLS, each in a write of its own. */
  readonly before?: readonly (string | Buffer)[];
  /** The address it comes from, one of 127.0.0.0/8. */
  readonly from?: string;
  /** The port it comes from. */
  readonly fromPort?: number;
  /** The address of the gate, one of 127.0.0.0/8. */
  readonly to?: string;
}

/** A TCP connection to the gate, as a front proxy has it. */
export async function dialGate(
  { port }: Pick<TestGate, 'port'>,
  { before = [], from, fromPort, to = '127.0.0.1' }: FrontOptions = {},
): Promise<Socket> {
  const source = {
    ...(from === undefined ? {} : { localAddress: from }),
    ...(fromPort === undefined ? {} : { localPort: fromPort }),
  };
  const place = { port, host: to, ...source };
  const socket = connectTcp({ ...place, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  for (const piece of before) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
    await new Promise<void>((resolve) => void socket.write(bytes, () => setImmediate(resolve)));
  }
  return socket;
}

export interface AskOptions extends FrontOptions {
  /** The request line. */
  readonly target?: string;
  readonly lines?: readonly string[];
  /** How often it is asked, all at once. */
  readonly count?: number;
}

/** Asks over TLS, on top of such a connection. Rejects where the gate ends it before it has answered. */
export async function askThrough(
  gate: Pick<TestGate, 'port' | 'ca' | 'authorization'>,
  { target, lines, count, ...front }: AskOptions,
): Promise<readonly RawAnswer[]> {
  return askOver(gate, await dialGate(gate, front), {
    ...(target === undefined ? {} : { target }),
    ...(lines === undefined ? {} : { lines }),
    ...(count === undefined ? {} : { count }),
  });
}

/** Asks over TLS, on top of a connection that is open, and ends it. */
export async function askOver(
  gate: Pick<TestGate, 'ca' | 'authorization'>,
  below: Socket,
  { target = 'GET /v2/ HTTP/1.1', lines = [], count = 1 }: Omit<AskOptions, keyof FrontOptions>,
): Promise<readonly RawAnswer[]> {
  const socket = connectTls({ socket: below, ca: gate.ca, servername: 'localhost' });
  const head = [target, 'Host: localhost', `Authorization: ${gate.authorization}`, ...lines];
  const received: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => socket.write(`${head.join('\r\n')}\r\n\r\n`.repeat(count), 'latin1'));
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      const { answers } = parseAnswers(Buffer.concat(received), []);
      if (answers.length < count) return;
      resolve(answers);
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
  });
}

/** What a client sends first over TLS. */
export async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ port, host: '127.0.0.1', servername: 'localhost' }).on(
    'error',
    () => undefined,
  );
  const [socket]: Socket[] = await once(server, 'connection');
  const [hello]: Buffer[] = socket === undefined ? [] : await once(socket, 'data');
  client.destroy();
  socket?.destroy();
  server.close();
  if (hello === undefined) throw new Error('no hello');
  return hello;
}
