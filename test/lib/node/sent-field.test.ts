import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { sentField } from '../../../src/lib/node/sent-field.ts';
import { Opened } from './support.ts';

const opened = new Opened();
afterEach(() => opened.close());

const DIGEST = 'sha256:abc';

it.each<readonly [string, (res: ServerResponse) => void, string | undefined]>([
  ['to writeHead', (res) => res.writeHead(200, { 'Docker-Content-Digest': DIGEST }), DIGEST],
  ['to writeHead in lower case', (res) => res.writeHead(200, { 'docker-content-digest': DIGEST }), DIGEST],
  ['to setHeader', (res) => res.setHeader('Docker-Content-Digest', DIGEST), DIGEST],
  [
    'beside others',
    (res) => res.setHeader('A', 'b').writeHead(200, { 'Docker-Content-Digest': DIGEST }),
    DIGEST,
  ],
  ['in another field', (res) => res.setHeader('A', 'docker-content-digest: c'), undefined],
  ['not at all', () => undefined, undefined],
])('the head of an answer has in _header what was given %s', async (_name, write, value) => {
  let before: string | undefined;
  let after: string | undefined;
  const server = createServer((_req, res) => {
    before = sentField(res, 'docker-content-digest');
    write(res);
    res.end(() => (after = sentField(res, 'docker-content-digest')));
  });
  const client = opened.connect(await opened.listen(server));
  client.end('GET / HTTP/1.0\r\n\r\n');
  await text(client);
  expect(before).toBeUndefined();
  expect(after, 'Node.js has another name for _header: see lib/_http_outgoing.js').toBe(value);
});
