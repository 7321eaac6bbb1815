import type { TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { GUESSED } from './fixture.ts';
import { AUTHORIZATION, openConnection, readAnswer, textOf } from './small-client.ts';
import type { Server, SmallRequest } from './small-client.ts';

/** What a known user met while others guessed. */
export interface Guessed {
  readonly guesses: number;
  /** Answered with 401, and with 429. */
  readonly denied: number;
  readonly throttled: number;
  /** From the first guess to the last answer to one, in milliseconds. */
  readonly ms: number;
  /** Milliseconds that the known user waited, answer by answer. */
  readonly waits: readonly number[];
}

const ROOT: SmallRequest = { method: 'GET', target: '/v2/', authorization: AUTHORIZATION, status: 200 };
const KNOWN_FIRST = 200;

/** Fifty people send a wrong password at the same moment, from another address, while one who is known goes on asking. */
export async function watchWhileGuessing(server: Server): Promise<Guessed> {
  const known = await connected(openConnection(server));
  for (let at = 0; at < KNOWN_FIRST; at += 1) await ask(known, ROOT);
  const guessers = await Promise.all(
    Array.from({ length: GUESSED }, () =>
      connected(openConnection({ ...server, localAddress: '127.0.0.2' })),
    ),
  );
  const began = performance.now();
  const state = { isOver: false };
  const answers = Promise.all(guessers.map((socket, at) => ask(socket, guessOf(at)))).finally(() => {
    state.isOver = true;
  });
  const waits: number[] = [];
  while (!state.isOver) {
    const start = performance.now();
    await ask(known, ROOT);
    waits.push(performance.now() - start);
  }
  const statuses = await answers;
  const ms = performance.now() - began;
  for (const socket of [known, ...guessers]) socket.destroy();
  const denied = statuses.filter((status) => status === 401).length;
  const throttled = statuses.filter((status) => status === 429).length;
  return { guesses: GUESSED, denied, throttled, ms, waits };
}

function guessOf(at: number): SmallRequest {
  const authorization = `Basic ${Buffer.from(`user${at}:guess ${at}`).toString('base64')}`;
  return { method: 'GET', target: '/v2/', authorization, status: [401, 429] };
}

async function connected(socket: TLSSocket): Promise<TLSSocket> {
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  return socket;
}

/** Resolves to the status of the answer, once all of it is there. */
async function ask(socket: TLSSocket, request: SmallRequest): Promise<number> {
  socket.write(textOf(request));
  let seen: Buffer = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    seen = Buffer.concat([seen, chunk]);
    const answer = readAnswer(seen, request);
    if (answer !== undefined && seen.length >= answer.length) return answer.status;
  }
}
