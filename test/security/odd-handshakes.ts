import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { pick, type Dice } from '../support/hostile.ts';
import {
  EXTENSION,
  PROTOCOLS,
  SERVER_NAMES,
  VERSIONS,
  alpn,
  damage,
  hello2,
  makeHello,
  noise,
  record,
  render,
  renderInPieces,
  renderMessage,
  serverName,
  withExtension,
  withoutExtension,
} from './client-hello.ts';

export interface Target {
  readonly port: number;
  readonly ca: string;
}

type Attack = (target: Target, dice: Dice) => Promise<void>;

/** Then we hang up, whatever the gate does: it may wait for the rest for as long as its handshake timeout. */
const PATIENCE_MS = 150;

/** Sends the pieces one after the other, and hangs up after an answer, or when there is none. */
function send(port: number, pieces: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.setNoDelay(true);
      for (const piece of pieces) socket.write(piece);
    });
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('data', () => socket.destroy()).on('end', () => socket.destroy());
    socket
      .on('error', () => undefined)
      .on('close', () => {
        clearTimeout(timer);
        resolve();
      });
  });
}

const hello =
  (change: (dice: Dice) => Buffer | readonly Buffer[]): Attack =>
  ({ port }, dice) => {
    const bytes = change(dice);
    return send(port, Buffer.isBuffer(bytes) ? [bytes] : bytes);
  };

/** A client of Node, which carries its part through; then `act`. */
function shake(
  { port, ca }: Target,
  options: ConnectionOptions,
  act: (socket: ReturnType<typeof connectTls>) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost', ...options });
    const timer = setTimeout(() => socket.destroy(), 2000);
    socket.once('secureConnect', () => act(socket));
    socket.on('error', () => undefined).on('data', () => undefined);
    socket
      .on('end', () => socket.destroy())
      .on('close', () => {
        clearTimeout(timer);
        resolve();
      });
  });
}

/** Every way of shaking hands that we know to be odd, by name. Each hangs up at its end. */
export const ODD_HANDSHAKES: Readonly<Record<string, Attack>> = {
  'odd server name': hello((dice) => {
    const content = serverName(pick(dice, SERVER_NAMES), dice(4) === 0 ? dice(256) : 0);
    return render(withExtension(makeHello(dice), EXTENSION.serverName, content), dice);
  }),
  'server name of noise': hello((dice) =>
    render(withExtension(makeHello(dice), EXTENSION.serverName, noise(dice, dice(300))), dice),
  ),
  'odd ALPN': hello((dice) =>
    render(withExtension(makeHello(dice), EXTENSION.alpn, alpn(pick(dice, PROTOCOLS))), dice),
  ),
  'ALPN of noise': hello((dice) =>
    render(withExtension(makeHello(dice), EXTENSION.alpn, noise(dice, dice(300))), dice),
  ),
  'odd version': hello((dice) => {
    const plain = withoutExtension(makeHello(dice), EXTENSION.versions);
    return render({ ...plain, recordVersion: pick(dice, VERSIONS), version: pick(dice, VERSIONS) }, dice);
  }),
  'odd key share': hello((dice) =>
    render(withExtension(makeHello(dice), EXTENSION.keyShare, noise(dice, dice(200))), dice),
  ),
  'odd suites': hello((dice) => {
    const suites = Array.from({ length: dice(60) }, () => dice(0x10000));
    return render({ ...makeHello(dice), suites, compression: [...noise(dice, dice(4))] }, dice);
  }),
  'extension of noise': hello((dice) =>
    render(withExtension(makeHello(dice), dice(0x10000), noise(dice, dice(4000))), dice),
  ),
  'extension twice': hello((dice) => {
    const plain = makeHello(dice);
    return render({ ...plain, extensions: [...plain.extensions, pick(dice, plain.extensions)] }, dice);
  }),
  'many extensions': hello((dice) => {
    const plain = makeHello(dice);
    const more = Array.from({ length: 500 }, (_none, at) => [0x4000 + at, noise(dice, 4)] as const);
    return render({ ...plain, extensions: [...plain.extensions, ...more] }, dice);
  }),
  'damaged hello': hello((dice) => damage(render(makeHello(dice), dice), dice)),
  'half a hello': hello((dice) => {
    const bytes = render(makeHello(dice), dice);
    return bytes.subarray(0, dice(bytes.length));
  }),
  'a hello in pieces': hello((dice) => renderInPieces(makeHello(dice), dice, 1 + dice(40))),
  'a hello byte by byte': hello((dice) =>
    [...render(makeHello(dice), dice)].map((byte) => Buffer.from([byte])),
  ),
  'an oversized record': hello((dice) =>
    Buffer.concat([Buffer.from([22, 3, 1, 0xff, 0xff]), noise(dice, 20_000)]),
  ),
  'an oversized hello': hello((dice) => {
    const message = renderMessage(withExtension(makeHello(dice), 21, Buffer.alloc(60_000)), dice);
    return record(0x0301, message.subarray(0, 16_384));
  }),
  'empty records': hello((dice) => {
    const none = record(0x0303, Buffer.alloc(0), pick(dice, [20, 21, 22, 23]));
    return Buffer.concat(Array.from({ length: 1 + dice(100) }, () => none));
  }),
  'a record of another kind': hello((dice) => record(0x0303, noise(dice, 1 + dice(64)), dice(256))),
  'an alert': hello((dice) => record(0x0303, Buffer.from([1 + dice(2), dice(256)]), 21)),
  'a hello and an alert': hello((dice) =>
    Buffer.concat([render(makeHello(dice), dice), record(0x0303, Buffer.from([2, dice(120)]), 21)]),
  ),
  'a hello, and noise where the key should be': hello((dice) =>
    Buffer.concat([
      render(makeHello(dice), dice),
      record(0x0303, Buffer.from([1]), 20),
      record(0x0303, noise(dice, 60), 23),
    ]),
  ),
  'two hellos': hello((dice) => [render(makeHello(dice), dice), render(makeHello(dice), dice)]),
  'a hello of SSL 2': hello(hello2),
  noise: hello((dice) => noise(dice, 1 + dice(2000))),
  'plain HTTP': hello(() => Buffer.from('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n')),
  'the preface of HTTP/2': hello(() => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  silence: ({ port }) => send(port, []),
  'hangs up at once': ({ port }) =>
    new Promise((resolve) => {
      const socket = connectTcp(port, '127.0.0.1', () => socket.resetAndDestroy());
      socket.on('error', () => undefined).on('close', () => resolve());
    }),
  renegotiates: (target) =>
    shake(target, { maxVersion: 'TLSv1.2' }, (socket) => {
      try {
        socket.renegotiate({}, () => socket.destroy());
      } catch {
        socket.destroy();
      }
    }),
  'hangs up after the handshake': (target) => shake(target, {}, (socket) => socket.destroy()),
  'resets after the handshake': (target) => {
    const socket = connectTcp(target.port, '127.0.0.1').on('error', () => undefined);
    return shake(target, { socket }, () => socket.resetAndDestroy());
  },
  'does not trust the certificate': (target) => shake({ ...target, ca: '' }, { ca: [] }, (it) => it.end()),
  'asks for h2 alone': (target) => shake(target, { ALPNProtocols: ['h2'] }, (socket) => socket.end()),
};
