import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { systemCode } from '../../lib/errors.ts';
import { LONGEST_REPLY, TIMEOUT_MS, SOCKET_NAME, isControlReply } from './control-protocol.ts';
import type { ControlReply, ControlRequest } from './control-protocol.ts';

type SocketOutcome =
  | { readonly kind: 'answered'; readonly reply: ControlReply }
  /** The socket of a gate that no longer runs. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Sends a request to every gate that runs with this state directory. Never rejects. */
export async function queryGates(
  directory: string,
  request: ControlRequest,
): Promise<readonly SocketOutcome[]> {
  try {
    const names = (await readdir(directory)).filter((name) => SOCKET_NAME.test(name));
    const outcomes = await Promise.all(names.map((name) => querySocket(join(directory, name), request)));
    return outcomes.filter(({ kind }) => kind !== 'gone');
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' ? [] : [{ kind: 'failed', reason: code ?? String(error) }];
  }
}

/** Sends a request to one gate. Without a request it only checks whether a gate answers. Never rejects. */
export function querySocket(path: string, request: ControlRequest | undefined): Promise<SocketOutcome> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(path);
    const settle = (outcome: SocketOutcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket
      .setEncoding('utf8')
      .setTimeout(TIMEOUT_MS, () => settle({ kind: 'failed', reason: 'it did not answer' }));
    socket.on('error', (error) => {
      const code = systemCode(error);
      const isGone = code === 'ECONNREFUSED' || code === 'ENOENT';
      settle(isGone ? { kind: 'gone' } : { kind: 'failed', reason: code ?? error.message });
    });
    socket.on('connect', () => {
      if (request === undefined) settle({ kind: 'answered', reply: {} });
      else socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > LONGEST_REPLY) settle({ kind: 'failed', reason: 'its answer is too long' });
    });
    socket.on('end', () => settle(replyIn(text)));
  });
}

function replyIn(text: string): SocketOutcome {
  try {
    const reply: unknown = JSON.parse(text);
    if (isControlReply(reply)) return { kind: 'answered', reply };
  } catch {
    // An incomplete reply.
  }
  return { kind: 'failed', reason: 'it gave no answer' };
}
