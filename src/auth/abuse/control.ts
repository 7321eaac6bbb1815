import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { systemCode } from '../../lib/errors.ts';
import { networkOf } from '../../lib/network.ts';
import { giveTo, ownerForNew } from '../../lib/files/ownership.ts';
import { querySocket } from './query-gates.ts';
import {
  LONGEST_PATH,
  LONGEST_REQUEST,
  MOST_ROWS,
  TIMEOUT_MS,
  SOCKET_NAME,
  isControlRequest,
} from './control-protocol.ts';
import type { ControlReply, ControlRequest } from './control-protocol.ts';
import type { Throttle } from './throttle.ts';

interface ControlOptions {
  readonly directory: string;
  readonly throttle: Pick<Throttle, 'rows' | 'unlock'>;
}

interface Control {
  close(): Promise<void>;
}

/** `ok: false`: there is no socket, but the gate serves requests. */
type ControlOutcome =
  | { readonly ok: true; readonly control: Control }
  | { readonly ok: false; readonly reason: string };

const MOST_CONNECTIONS = 8;

/** Answers `abuse list` and `abuse unlock` on a unix socket that only its owner can open. */
export async function openControl({ directory, throttle }: ControlOptions): Promise<ControlOutcome> {
  const path = join(directory, `gate-${randomBytes(4).toString('hex')}.sock`);
  if (Buffer.byteLength(path) > LONGEST_PATH)
    return { ok: false, reason: 'the path of the state directory is too long' };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    serve(socket, throttle);
  });
  server.maxConnections = MOST_CONNECTIONS;
  try {
    await removeStale(directory);
    await listenAlone(server, path);
    await giveTo(await ownerForNew(directory), path);
  } catch (error) {
    return { ok: false, reason: systemCode(error) ?? String(error) };
  }
  server.unref();
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { ok: true, control: { close } };
}

/**
 * Listens on a socket that no other user can open at any moment: the umask is in force while the socket is bound, which
 * happens before `listen` returns.
 */
function listenAlone(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject).on('error', () => undefined);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Removes the sockets of killed gates. A running gate answers. */
async function removeStale(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => SOCKET_NAME.test(name));
  await Promise.all(
    names.map(async (name) => {
      const outcome = await querySocket(join(directory, name), undefined);
      if (outcome.kind === 'gone') await rm(join(directory, name), { force: true });
    }),
  );
}

function serve(socket: Socket, throttle: ControlOptions['throttle']): void {
  let text = '';
  let isAsked = false;
  socket.setEncoding('utf8').setTimeout(TIMEOUT_MS, () => socket.destroy());
  socket.on('error', () => undefined).unref();
  // A gate that checks for stale sockets sends no request.
  socket.on('end', () => !isAsked && socket.end());
  socket.on('data', (part: string) => {
    text += part;
    if (text.length > LONGEST_REQUEST) socket.destroy();
    else if (text.endsWith('\n') && !isAsked) {
      isAsked = true;
      answer(text, throttle).then(
        (reply) => socket.end(`${JSON.stringify(reply)}\n`),
        () => socket.destroy(),
      );
    }
  });
}

async function answer(text: string, throttle: ControlOptions['throttle']): Promise<ControlReply> {
  const request: unknown = JSON.parse(text);
  if (!isControlRequest(request)) throw new TypeError('not a request');
  return request.ask === 'list' ? { rows: await throttle.rows(MOST_ROWS) } : unlock(request, throttle);
}

async function unlock(
  { user, address }: Extract<ControlRequest, { ask: 'unlock' }>,
  throttle: ControlOptions['throttle'],
): Promise<ControlReply> {
  const unlocked = await throttle.unlock({
    user: user === undefined ? undefined : `=${user}`,
    network: address === undefined ? undefined : networkOf(address.replace(/\/64$/, '')),
  });
  return { unlocked };
}
