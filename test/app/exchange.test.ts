import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLOB, eventually, exchanges, head, openClient, startBackend } from '../faults/scripted-backend.ts';
import type { Backend, Visit } from '../faults/scripted-backend.ts';
import { basic, startTestGate, type TestGate } from '../support/test-gate.ts';

let gate: TestGate;
let backend: Backend;
let script: (visit: Visit) => void;
beforeAll(async () => {
  backend = await startBackend((visit) => script(visit));
  gate = await startTestGate({ backend: backend.url });
});
afterAll(async () => {
  await gate.close();
  await backend.close();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Sends this and gives the one line that comes of it. */
async function lineOf(bytes: string, act: (visit: Visit) => void): Promise<object> {
  script = act;
  const before = exchanges(gate).length;
  const client = await openClient(gate);
  client.send(bytes);
  await eventually('a line', () => exchanges(gate).length > before);
  client.close();
  expect(exchanges(gate)).toHaveLength(before + 1);
  return exchanges(gate)[before] ?? {};
}

const answer = (visit: Visit): void => void visit.socket.write(OK);

describe('every exchange leaves one line', () => {
  const signedIn = (): string => `Authorization: ${gate.authorization}`;
  it('a pull', async () => {
    const line = await lineOf(head('GET', BLOB, signedIn(), 'User-Agent: test/1'), answer);
    expect(line).toMatchObject({
      user: 'alice',
      kind: 'blob',
      action: 'pull',
      repository: 'library/app',
      status: 200,
    });
    expect(line).toMatchObject({
      received: 0,
      sent: 2,
      outcome: 'complete',
      agent: 'test/1',
      address: '127.0.0.1',
    });
    expect(line).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{8}-\w+$/), ms: expect.any(Number) });
  });

  it.each(['/ca.crt', '/ca.sha256', '/trust.sh', '/trust.ps1', '/healthz', '/token'])(
    'a page of the gate, with the bytes that were sent: %s',
    async (path) => {
      const before = exchanges(gate).length;
      const client = await openClient(gate);
      client.send(head('GET', path, signedIn()));
      await eventually('a line', () => exchanges(gate).length > before);
      await eventually('the body', () => /\r\n\r\n/.test(client.text()));
      const length = Number(/content-length: (\d+)/i.exec(client.text())?.[1]);
      client.close();
      expect(length).toBeGreaterThan(0);
      expect(exchanges(gate)[before]).toMatchObject({ status: 200, sent: length });
    },
  );

  it('a push', async () => {
    const bytes = head('PATCH', '/v2/a/blobs/uploads/5?_state=x', signedIn(), 'Content-Length: 5');
    const line = await lineOf(
      `${bytes}hello`,
      (visit) => void visit.socket.write(OK.replace('200 OK', '202 Accepted')),
    );
    expect(line).toMatchObject({ action: 'push', repository: 'a', status: 202, received: 5, sent: 2 });
    expect(line).toMatchObject({ path: '/v2/a/blobs/uploads/~ef2d127de37b' });
  });

  it('a stranger: without a user', async () => {
    const line = await lineOf(head('GET', BLOB), answer);
    expect(line).toMatchObject({ status: 401, error: 'UNAUTHORIZED', outcome: 'complete' });
    expect(line).not.toHaveProperty('user');
  });

  it('a wrong password: without the name that was claimed', async () => {
    const line = await lineOf(head('GET', BLOB, `Authorization: ${basic('hunter2', 'x')}`), answer);
    expect(line).toMatchObject({ status: 401, error: 'UNAUTHORIZED' });
    expect(JSON.stringify(line)).not.toContain('hunter2');
  });

  it('a target that is no path: without it', async () => {
    const line = await lineOf(head('GET', 'http://user:pass@evil/v2/'), answer);
    expect(line).toMatchObject({ status: 400 });
    expect(JSON.stringify(line)).not.toContain('pass');
  });

  it('a client that leaves before the answer: status 0', async () => {
    const before = exchanges(gate).length;
    let isAsked = false;
    script = () => void (isAsked = true);
    const client = await openClient(gate);
    client.ask('GET', BLOB);
    await eventually('the backend is asked', () => isAsked);
    client.close();
    await eventually('a line', () => exchanges(gate).length > before);
    expect(exchanges(gate)[before]).toMatchObject({ status: 0, outcome: 'client-left', user: 'alice' });
    expect(exchanges(gate)[before]).not.toHaveProperty('error');
  });

  it('a body that is malformed: 400, and the backend is left', async () => {
    const bytes = head('PATCH', '/v2/a/blobs/uploads/5?_state=x', signedIn(), 'Transfer-Encoding: chunked');
    const line = await lineOf(`${bytes}5\r\nhello\r\nnonsense\r\n`, () => undefined);
    expect(line).toMatchObject({ status: 400, error: 'UNSUPPORTED', outcome: 'complete' });
    await eventually('the backend is left', () => backend.visits.at(-1)?.end() !== 'open');
  });

  it('several in a row on one connection: one each, in order, each with an id of its own', async () => {
    script = answer;
    const before = exchanges(gate).length;
    const client = await openClient(gate);
    for (let i = 0; i < 5; i += 1) client.ask('GET', i % 2 === 0 ? BLOB : '/v2/');
    await client.answer(4);
    await eventually('five lines', () => exchanges(gate).length === before + 5);
    const lines = gate.log.filter((line) => line.includes('"msg":"request"')).slice(before);
    expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(5);
    client.close();
  });
});
