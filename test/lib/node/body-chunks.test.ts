import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { interceptChunks, resumeParser } from '../../../src/lib/node/body-chunks.ts';
import { eventually } from '../../faults/scripted-backend.ts';
import { Opened, turns } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

const BYTES = 4 * 1024 * 1024;

it('a parser hands each chunk of a body to push, and stops where that returns false', async () => {
  const server = createServer();
  const client = opened.connect(await opened.listen(server));
  const asked = once(server, 'request');
  client.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BYTES}\r\n\r\n`);
  const [req] = (await asked) as [IncomingMessage];
  let chunks = 0;
  let bytes = 0;
  let goesOn = false;
  interceptChunks(req, {
    takeChunk: (chunk) => {
      chunks += 1;
      bytes += chunk.length;
      return goesOn;
    },
  });
  req.resume();
  client.write(Buffer.alloc(BYTES));
  await eventually('the first chunk', () => chunks > 0);
  await turns();
  expect(chunks, 'the parser no longer stops where push returns false: see parserOnBody').toBe(1);
  goesOn = true;
  resumeParser(req);
  await eventually('the whole body, which the parser no longer gives to push', () => bytes === BYTES);
  if (!req.readableEnded) await once(req, 'end');
});
