import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/programs.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { eventually, exchanges, openClient, startBackend, UPLOAD } from './scripted-backend.ts';
import type { Backend, Client } from './scripted-backend.ts';

const SIZE = 200_000;
const BODY = Buffer.alloc(SIZE, 'layer-');
const LEAVING: Readonly<Record<string, (client: Client) => void>> = {
  'with a reset': (client) => client.reset(),
  'with a goodbye': (client) => void client.socket.end(),
  'without a goodbye': (client) => client.close(),
};
const AMOUNTS: readonly (readonly [string, number])[] = [
  ['nothing', 0],
  ['one byte', 1],
  ['half', SIZE / 2],
  ['all but one byte', SIZE - 1],
];

/** One chunk of the whole size, of which not all comes. */
function framing(isChunked: boolean): { readonly field: string; readonly before: string } {
  return isChunked
    ? { field: 'Transfer-Encoding: chunked', before: `${SIZE.toString(16)}\r\n` }
    : { field: `Content-Length: ${SIZE}`, before: '' };
}

describe('a client that leaves in the middle of an upload', () => {
  let gate: TestGate;
  let backend: Backend;
  beforeAll(async () => {
    backend = await startBackend(() => undefined);
    gate = await startTestGate({ backend: backend.url });
  });
  afterAll(async () => {
    await gate.close();
    await backend.close();
  });

  for (const isChunked of [false, true]) {
    for (const [leaving, leave] of Object.entries(LEAVING)) {
      for (const [amount, bytes] of AMOUNTS) {
        it(`leaves ${leaving}, ${isChunked ? 'chunked' : 'with a length'}, after ${amount}`, async () => {
          const before = backend.visits.length;
          const logged = exchanges(gate).length;
          const client = await openClient(gate);
          const { field, before: start } = framing(isChunked);
          client.ask('PATCH', UPLOAD, field);
          if (bytes > 0) client.send(Buffer.concat([Buffer.from(start), BODY.subarray(0, bytes)]));
          await eventually('the backend has what was sent', () => {
            const visit = backend.visits[before];
            return visit !== undefined && visit.text().split('\r\n\r\n').slice(1).join('').length >= bytes;
          });
          leave(client);
          const visit = await until(
            () => backend.visits[before],
            () => 'no visit',
          );
          await eventually('the backend is left', () => visit.end() !== 'open');
          await eventually('the exchange is logged', () => exchanges(gate).length > logged);
          const [, ...rest] = visit.text().split('\r\n\r\n');
          const body = rest.join('\r\n\r\n');
          expect(body.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, '').trimEnd().length).toBeLessThan(SIZE);
          expect(body.endsWith('0\r\n\r\n')).toBe(false);
          expect(backend.visits.length).toBe(before + 1);
          client.close();
        });
      }
    }
  }
});

describeWith(['docker-registry'], 'an aborted upload leaves no blob', () => {
  let gate: TestGate;
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry();
    gate = await startTestGate({ backend: registry.url });
  });
  afterAll(async () => {
    await gate.close();
    await registry.close();
  });

  for (const isChunked of [false, true]) {
    for (const [leaving, leave] of Object.entries(LEAVING)) {
      it(`${leaving}, ${isChunked ? 'chunked' : 'with a length'}`, async () => {
        const blob = randomBytes(SIZE);
        // The digest of what was sent before the client left: a registry that takes the part for the whole would keep it.
        const digest = `sha256:${createHash('sha256')
          .update(blob.subarray(0, SIZE - 1))
          .digest('hex')}`;
        const client = await openClient(gate);
        client.ask('POST', '/v2/library/app/blobs/uploads/', 'Content-Length: 0');
        const location = (await client.answer()).header('location') ?? '';
        const { field, before } = framing(isChunked);
        client.ask('PUT', `${location}&digest=${digest}`, 'Content-Type: application/octet-stream', field);
        client.send(Buffer.concat([Buffer.from(before), blob.subarray(0, SIZE - 1)]));
        await eventually('all is on its way', () => client.socket.writableLength === 0);
        leave(client);
        await eventually('the exchange is logged', () =>
          exchanges(gate).some(({ method }) => method === 'PUT'),
        );
        expect(await statusOf(`${registry.url}/v2/library/app/blobs/${digest}`)).toBe(404);
        client.close();
      });
    }
  }
});

function statusOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'HEAD' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
