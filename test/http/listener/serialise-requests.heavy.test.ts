import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serialiseRequests } from '../../../src/http/listener/connections.ts';

let server: Server;
let client: Socket;
let answers: ServerResponse[];
let received: number;

beforeEach(async () => {
  answers = [];
  received = 0;
  server = createServer(serialiseRequests((_req, res) => void answers.push(res)));
  server.on('request', () => (received += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined).resume();
});

afterEach(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

function head(bytes: number): string {
  return `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(bytes)}\r\n\r\n`;
}

describe('requests that wait for their turn on a connection', () => {
  it('end it where their heads are more than 64 KiB: a slow answer keeps no hundred of them in memory', async () => {
    const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.write(head(8000).repeat(40));
    await ended;
    expect(received).toBeLessThan(25);
    expect(answers).toHaveLength(1);
  });

  it('are served in order where they are small', async () => {
    client.write(head(100).repeat(60));
    for (let served = 0; served < 60; served += 1) {
      await expect.poll(() => answers.length).toBe(served + 1);
      answers[served]?.end('done');
    }
    expect(client.destroyed).toBe(false);
  });

  it('make room for others once they are served', async () => {
    for (let round = 0; round < 10; round += 1) {
      client.write(head(8000).repeat(2));
      for (const nth of [1, 2]) {
        await expect.poll(() => answers.length).toBe(2 * round + nth);
        answers.at(-1)?.end('done');
      }
    }
    expect(client.destroyed).toBe(false);
  });
});
