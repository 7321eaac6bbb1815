import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serveEmbedded, type TestServer } from '../backend/embedded/server.ts';
import { digestOf, SpecClient, type Answer } from '../backend/embedded/spec-client.ts';
import { temporaryFolder, until, type Folder } from '../support/programs.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const SIZE = 3_000_000;
const BYTES = randomBytes(SIZE);
const DIGEST = digestOf(BYTES);
const PATH = `/v2/team/app/blobs/${DIGEST}`;

const SAME: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['one', { range: 'bytes=5-9' }],
  ['the last bytes', { range: 'bytes=-5' }],
  ['to the end', { range: `bytes=${SIZE - 3}-` }],
  ['two', { range: 'bytes=0-9,20-29' }],
  ['two, with a suffix', { range: 'bytes=0-0, -3' }],
  ['backwards', { range: 'bytes=100-199,0-9' }],
  ['that overlap', { range: 'bytes=0-999,500-1499' }],
  ['one of which is there', { range: `bytes=1-2,${SIZE}-` }],
  ['longer than a buffer', { range: 'bytes=1-1000000,1500000-2800000' }],
  ['together as long as the whole', { range: `bytes=0-9,10-${SIZE - 1}` }],
  ['together longer than the whole', { range: `bytes=0-${SIZE - 1},0-0` }],
  [
    'five hundred',
    { range: `bytes=${Array.from({ length: 500 }, (_, at) => `${at * 9}-${at * 9 + 1}`).join(',')}` },
  ],
  ['under the condition that it is the same', { range: 'bytes=0-1,4-5', 'if-range': `"${DIGEST}"` }],
  ['under the condition that it is another', { range: 'bytes=0-1,4-5', 'if-range': '"sha256:other"' }],
  ['under a weak condition', { range: 'bytes=0-1,4-5', 'if-range': `W/"${DIGEST}"` }],
  ['under a date', { range: 'bytes=0-1,4-5', 'if-range': 'Wed, 21 Oct 2015 07:28:00 GMT' }],
  ['of what the client has', { range: 'bytes=0-1,4-5', 'if-none-match': `"${DIGEST}"` }],
];

/** All of an answer that clients read, with the boundary, which is random, left out. */
function shown({ status, headers, body }: Answer): object {
  const type = headers['content-type'] ?? '';
  const [, boundary] = /^multipart\/byteranges; boundary=([0-9a-f]{60})$/.exec(type) ?? [];
  const plain = (text: string): string =>
    boundary === undefined ? text : text.replaceAll(boundary, 'BOUNDARY');
  return {
    status,
    type: plain(type),
    length: headers['content-length'],
    range: headers['content-range'],
    accepts: headers['accept-ranges'],
    etag: headers.etag,
    body: digestOf(plain(body.toString('latin1'))),
  };
}

describeWith(['docker-registry'], 'ranges of a blob are answered as docker-registry answers them', () => {
  let folder: Folder;
  let registry: Registry;
  let direct: SpecClient;
  let server: TestServer;
  let embedded: SpecClient;
  let gate: TestGate;

  beforeAll(async () => {
    folder = await temporaryFolder('ranges');
    registry = await startRegistry();
    direct = new SpecClient(registry.url);
    await direct.blob('team/app', BYTES);
    server = await serveEmbedded(join(folder.path, 'data'));
    embedded = new SpecClient(server.url);
    await embedded.blob('team/app', BYTES);
    const directory = join(folder.path, 'cache');
    await mkdir(directory);
    const cache = { directory, size: 2 ** 30, checkSeconds: 60 };
    gate = await startTestGate({ backend: registry.url, config: { cache } });
    // From here on the cache holds it.
    await until(
      async () => {
        await cached('GET', {});
        return gate.log.some((line) => line.includes('"cache":"hit"')) ? true : undefined;
      },
      () => 'the cache does not take it in',
    );
  });
  afterAll(async () => {
    direct.close();
    embedded.close();
    await gate.close();
    await server.close();
    await registry.close();
    await folder.close();
  });

  function cached(method: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const { port, ca, authorization } = gate;
    const options = { host: '127.0.0.1', port, ca, agent: false as const, method, path: PATH };
    return new Promise((resolve, reject) => {
      const req = requestTls({ ...options, headers: { authorization, ...headers } }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks) }),
        );
      });
      req.on('error', reject).end();
    });
  }

  it.each(
    SAME.flatMap(([name, headers]) => [['GET', name, headers] as const, ['HEAD', name, headers] as const]),
  )('%s: %s', async (method, _name, headers) => {
    const expected = shown(await direct.ask(method, PATH, { headers }));
    expect(shown(await embedded.ask(method, PATH, { headers }))).toEqual(expected);
    expect(shown(await cached(method, headers))).toEqual(expected);
  });
});
