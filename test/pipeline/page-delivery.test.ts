import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/observe/exchange.ts';
import type { Pages } from '../../src/pages/pages.ts';
import { createHandler } from '../../src/pipeline/handler.ts';
import { certificatePaths } from '../../src/pki/authority/cert-store.ts';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { appOptions } from '../support/app-options.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { connectGate } from '../support/raw-client.ts';

/** More than what the buffers of two sockets of this machine hold together. */
const LARGE = `${'한글 '.repeat(1_020_000)}.`;
const SIZE = Buffer.byteLength(LARGE);
const ASSET = Buffer.alloc(SIZE, 'a');

const BUSY = { status: 503, headers: { 'retry-after': '5' } };

/** A page of LARGE text for whoever the cookie names. */
const PAGES: Pages = {
  find: (target) => (target === '/page' ? { kind: 'repositories' } : undefined),
  asset: (target) =>
    target === '/asset'
      ? { type: 'text/css; charset=utf-8', body: ASSET, brotli: async () => ASSET }
      : undefined,
  methods: () => ['GET'],
  mostFormBytes: async () => 0,
  answer: async ({ client: { cookies = '' } }) => ({
    kind: 'page',
    status: 200,
    text: LARGE,
    headers: {},
    note: {},
    cookies: [],
    principal: { kind: 'user', name: cookies, proof: 'password' },
  }),
};

let folder: Folder;
let server: Server;
let port: number;
let ca: string;
let exchanges: Exchange[];

beforeAll(async () => {
  folder = await temporaryFolder('delivery');
  await initCertificates({ directory: folder.path, hosts: ['127.0.0.1'], now: new Date() });
  ca = await readFile(certificatePaths(folder.path).authorityCertificate, 'utf8');
});

async function start(pageIdleMs: number): Promise<void> {
  exchanges = [];
  const paths = certificatePaths(folder.path);
  const [cert, key] = await Promise.all([readFile(paths.certificate, 'utf8'), readFile(paths.key, 'utf8')]);
  server = createServer(
    { cert, key },
    createHandler(appOptions({ pages: PAGES, pageIdleMs }, [], exchanges)),
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
}

beforeEach(() => async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
afterAll(() => folder.close());

interface Read {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Asks, and reads all. */
function read(path: string, cookie: string, method = 'GET'): Promise<Read> {
  const place = { host: '127.0.0.1', port, ca, agent: false, method, path, headers: { cookie } };
  return new Promise((resolve, reject) => {
    request(place, (answer) => {
      const { statusCode: status, headers } = answer;
      buffer(answer).then((body) => resolve({ status, headers, body }), reject);
    })
      .on('error', reject)
      .end();
  });
}

/** Asks, and reads nothing. */
async function askAndWait(path: string, user: string): Promise<Socket> {
  const socket = connectGate(port, ca).on('error', () => undefined);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${user}\r\n\r\n`);
  return socket;
}

describe('a large page', () => {
  it.each(['/page', '/asset'])('%s reaches who reads it, whole', async (path) => {
    await start(60_000);
    const { body } = await read(path, 'alice');
    expect(body.equals(path === '/page' ? Buffer.from(LARGE) : ASSET)).toBe(true);
    await expect.poll(() => exchanges).toMatchObject([{ outcome: 'complete', sent: SIZE }]);
  });

  it('states its length to HEAD', async () => {
    await start(60_000);
    const { headers, body } = await read('/page', 'alice', 'HEAD');
    expect([headers['content-length'], body.length]).toEqual([String(SIZE), 0]);
  });

  it('is held for few who do not read it: one for each of them, and four in all', async () => {
    await start(60_000);
    const silent: Socket[] = [];
    for (const user of ['a', 'b', 'c', 'd']) {
      silent.push(await askAndWait('/page', user));
      expect(await read('/page', user)).toMatchObject(BUSY);
    }
    expect(await read('/page', 'e')).toMatchObject(BUSY);
    silent.pop()?.destroy();
    await expect.poll(() => exchanges.filter(({ outcome }) => outcome === 'client-left')).toHaveLength(1);
    expect((await read('/page', 'e')).status).toBe(200);
    for (const socket of silent) socket.destroy();
  });

  it.each(['/page', '/asset'])('%s is cut where nobody reads it, and makes room', async (path) => {
    await start(200);
    const socket = await askAndWait(path, 'alice');
    await expect
      .poll(() => exchanges)
      .toMatchObject([{ outcome: 'cut', problem: { reason: 'The page was not read.' } }]);
    expect((await read(path, 'alice')).status).toBe(200);
    socket.destroy();
  });
});
