import { once } from 'node:events';
import { connect } from 'node:tls';

export interface SoakAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: Buffer;
}

export interface SoakConnection {
  /** Fingerprint of the certificate that the gate showed. */
  readonly fingerprint: string;
  /** Sends the requests in one write, and resolves to their answers. Rejects where they do not come. */
  ask(requests: readonly SoakRequest[]): Promise<readonly SoakAnswer[]>;
  close(): void;
}

export interface SoakRequest {
  readonly head: string;
  readonly body?: Buffer;
  /** The answer to a HEAD names a length and has no body. */
  readonly isHead?: boolean;
}

const DEADLINE_MS = 60_000;

interface Asked {
  readonly isHead: readonly boolean[];
  readonly answers: SoakAnswer[];
  readonly resolve: (answers: readonly SoakAnswer[]) => void;
  readonly reject: (error: Error) => void;
}

/** A keep-alive connection to the gate, verified against its CA, that reads answers as cheaply as can be. */
export async function openSoakConnection(port: number, ca: string): Promise<SoakConnection> {
  const socket = connect({ port, host: '127.0.0.1', ca, ALPNProtocols: ['http/1.1'], ecdhCurve: 'X25519' });
  await once(socket, 'secureConnect');
  const fingerprint = socket.getPeerCertificate().fingerprint256;
  let received: Buffer = Buffer.alloc(0);
  let asked: Asked | undefined;
  let why: Error | undefined;
  const fail = (error: Error): void => {
    why ??= error;
    asked?.reject(why);
    asked = undefined;
    socket.destroy();
  };
  socket.setNoDelay(true).setTimeout(DEADLINE_MS, () => {
    if (asked !== undefined) fail(new Error(`no answer in ${DEADLINE_MS} ms`));
  });
  socket.on('error', fail).on('close', () => fail(new Error('closed by the gate')));
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    while (asked !== undefined) {
      const read = readAnswer(received, asked.isHead[asked.answers.length] === true);
      if (read === undefined) return;
      asked.answers.push(read.answer);
      received = received.subarray(read.end);
      if (asked.answers.length < asked.isHead.length) continue;
      const { resolve, answers } = asked;
      asked = undefined;
      if (received.length > 0) fail(new Error('more than was asked for'));
      resolve(answers);
    }
    if (received.length > 0) fail(new Error('an answer to nothing'));
  });
  return {
    fingerprint,
    ask: (requests) =>
      new Promise((resolve, reject) => {
        if (why !== undefined) {
          reject(why);
          return;
        }
        asked = { isHead: requests.map(({ isHead = false }) => isHead), answers: [], resolve, reject };
        socket.write(
          Buffer.concat(
            requests.flatMap(({ head, body }) => [Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)]),
          ),
        );
      }),
    close: () => {
      why = new Error('closed by us');
      socket.destroy();
    },
  };
}

function readAnswer(
  bytes: Buffer,
  isHead: boolean,
): { readonly answer: SoakAnswer; readonly end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not an answer: ${head}`);
  const length = isHead ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  const end = headEnd + 4 + length;
  if (bytes.length < end) return undefined;
  const location = /^location: (\S+)/im.exec(head)?.[1];
  return { answer: { status, location, body: bytes.subarray(headEnd + 4, end) }, end };
}
