import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnswerHead } from '../../../src/lib/http1/answer-head.ts';
import { createConnectionPool, type ConnectionPool } from '../../../src/backend/client/backend-connection.ts';
import { Conversation, IdleError } from '../../../src/backend/client/conversation.ts';
import type { AnswerHandler, RequestBody } from '../../../src/backend/client/conversation.ts';
import { eventually, startBackend, type Backend, type Visit } from '../../faults/scripted-backend.ts';

const HEAD = 'GET /v2/ HTTP/1.1\r\nHost: registry.test\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';
const LARGE = 8 * 1024 * 1024;
const EMPTY: RequestBody = { isHeld: false, start: () => undefined, stop: () => undefined };

/** Notes the calls of a conversation. */
class Notes implements AnswerHandler {
  readonly calls: string[] = [];
  readonly waiting: (() => void)[] = [];
  bytes = 0;
  error: Error | undefined;

  onHead({ status }: AnswerHead): boolean {
    this.calls.push(String(status));
    return true;
  }

  onBody(_buffer: Buffer, start: number, end: number, taken: (() => void) | undefined): void {
    this.bytes += end - start;
    if (taken !== undefined) this.waiting.push(taken);
  }

  onEnd(): void {
    this.calls.push('end');
  }

  onFailure(error: Error): void {
    this.calls.push('failure');
    this.error = error;
  }
}

describe('a conversation with the registry', () => {
  let backend: Backend;
  let pool: ConnectionPool;
  let answer: (visit: Visit, nth: number) => void;
  beforeEach(async () => {
    let asked = 0;
    backend = await startBackend((visit) => answer(visit, (asked += 1)));
    pool = createConnectionPool({ kind: 'http', host: '127.0.0.1', port: backend.port }, () => 0);
  });
  afterEach(async () => {
    pool.close();
    await backend.close();
  });

  function ask(body?: RequestBody): { readonly notes: Notes; readonly conversation: Conversation } {
    const notes = new Notes();
    const conversation = new Conversation(notes, { pool }, { method: 'GET', head: HEAD, body });
    conversation.start();
    return { notes, conversation };
  }

  async function over({ calls }: Notes): Promise<void> {
    await eventually('an end', () => calls.includes('end') || calls.includes('failure'));
  }

  it('asks once more where a kept connection was closed', async () => {
    answer = ({ socket }, nth) => void (nth === 2 ? socket.destroy() : socket.write(OK));
    const first = ask().notes;
    await over(first);
    const second = ask().notes;
    await over(second);
    expect([first.calls, second.calls, backend.visits.length]).toEqual([['200', 'end'], ['200', 'end'], 2]);
  });

  it.each([
    ['on a new connection', undefined],
    ['with a body', EMPTY],
  ])('asks once %s', async (_name, body) => {
    answer = ({ socket }) => void socket.destroy();
    const { notes } = ask(body);
    await over(notes);
    expect([notes.calls, backend.visits.length]).toEqual([['failure'], 1]);
  });

  it('never sends a request with a body on a kept connection', async () => {
    answer = ({ socket }) => void socket.write(OK);
    await over(ask().notes);
    await over(ask(EMPTY).notes);
    expect(backend.visits.length).toBe(2);
  });

  it('reads no further before its handler has taken a piece', async () => {
    answer = ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
      socket.write(Buffer.alloc(LARGE));
    };
    const { notes } = ask();
    while (notes.bytes < LARGE) {
      await eventually('a piece', () => notes.waiting.length > 0);
      expect(notes.waiting.length).toBe(1);
      notes.waiting.pop()?.();
    }
    await over(notes);
    expect([notes.calls, notes.bytes]).toEqual([['200', 'end'], LARGE]);
  });

  it('is silent once it is closed, and closes its connection', async () => {
    answer = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{');
    const { notes, conversation } = ask();
    await eventually('a byte', () => notes.bytes === 1);
    expect([conversation.close(), conversation.close()]).toEqual([true, false]);
    conversation.expire('backend');
    await eventually('the end of the connection', () => backend.open() === 0);
    expect(notes.calls).toEqual(['200']);
  });

  it('tells its handler once which wait was in vain', async () => {
    answer = () => undefined;
    const { notes, conversation } = ask();
    conversation.expire('backend');
    conversation.expire('backend');
    expect([notes.calls, notes.error]).toEqual([['failure'], new IdleError('backend')]);
  });
});
