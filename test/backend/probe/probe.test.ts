import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { createBackend } from '../../../src/backend/client/backend.ts';
import type { BackendOptions } from '../../../src/backend/client/backend-address.ts';
import { explainFailure } from '../../../src/backend/client/failure.ts';
import { judgeBase, lookAt } from '../../../src/backend/probe/probe.ts';
import { temporaryFolder } from '../../support/programs.ts';

describe('the base path of what stands behind', () => {
  const PAGE = { 'content-type': 'text/html' };
  const JSON_TYPE = { 'content-type': 'application/json' };

  it.each([
    ['with a type', JSON_TYPE],
    ['without a type', {}],
  ])('a registry %s is fine', (_name, headers) => {
    expect(judgeBase({ status: 200, headers }, { prefix: '' })).toBeUndefined();
  });

  it.each([
    [
      'some website',
      { status: 200, headers: PAGE },
      '200 with a page: this is no registry',
      '--backend-host',
    ],
    ['a page that is not there', { status: 404, headers: PAGE }, '404 with a page', 'host, port and path'],
    ['no such path', { status: 404, headers: {} }, 'answers 404', 'host, port and path'],
    ['a sign-in', { status: 401, headers: JSON_TYPE }, 'answers 401', '--backend-user'],
    ['the same by https', moved(301, 'https://r.lan/v2/'), '301 and sends elsewhere', '--backend to https'],
    ['another place', moved(302, 'https://r.lan/login'), '302 and sends elsewhere', 'the registry itself'],
  ])('%s is not', (_name, answer, reason, cure) => {
    expect(judgeBase(answer, { prefix: '' })).toEqual({
      reason: expect.stringContaining(reason),
      cure: expect.stringContaining(cure),
    });
  });

  it('of a registry with an outage says the status', () => {
    expect(judgeBase({ status: 503, headers: JSON_TYPE }, { prefix: '' })).toEqual({
      reason: 'the registry answers 503',
    });
  });

  function moved(status: number, location: string) {
    return { status, headers: { location } };
  }

  it('by https is known below a path too', () => {
    const answer = { status: 308, headers: { location: 'https://r.lan/oci/v2/' } };
    expect(judgeBase(answer, { prefix: '/oci' })?.cure).toMatch(/--backend to https/);
  });
});

describe('a wrong --backend', () => {
  let ca = '';
  let pair = { cert: '', key: '' };
  const closers: (() => Promise<void> | void)[] = [];
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder('probe');
    await initCertificates({ directory: folder.path, hosts: ['registry.lan', '127.0.0.1'], now: new Date() });
    const [cert = '', key = '', authority = ''] = await Promise.all(
      ['domain.crt', 'domain.key', 'ca.crt'].map((name) => readFile(join(folder.path, name), 'utf8')),
    );
    pair = { cert, key };
    ca = authority;
  });
  afterAll(() => folder.close());
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function listen(server: Server): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }
  const look = (options: BackendOptions) => {
    const backend = createBackend(options, () => performance.now());
    closers.push(() => backend.close());
    return lookAt({ backend, timeoutMs: 60_000 });
  };
  const place = (kind: 'http' | 'https', port: number) => ({ kind, host: '127.0.0.1', port }) as const;

  it('http, for a registry that speaks TLS, is told', async () => {
    const port = await listen(createHttps(pair, (_req, res) => res.end('{}')));
    expect(await look(place('http', port))).toEqual({
      reason: 'the registry speaks TLS, and is asked in plain HTTP',
      cure: 'set --backend to https://...',
    });
  });

  it('http, for a registry in Go that speaks TLS and says so in plain HTTP/1.0, is told', async () => {
    const words = 'Client sent an HTTP request to an HTTPS server.\n';
    const server = createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`HTTP/1.0 400 Bad Request\r\n\r\n${words}`));
    });
    const failure = await look(place('http', await listen(server)));
    expect(failure?.reason).toMatch(/it speaks TLS, and was asked in plain HTTP/);
    expect(failure?.cure).toMatch(/https/);
  });

  it('https, for a registry in plain HTTP, is told', async () => {
    const port = await listen(createHttp((_req, res) => res.end('{}')));
    const failure = await look(place('https', port));
    expect(failure?.reason).toMatch(/plain HTTP where TLS was expected/);
    expect(failure?.cure).toMatch(/--backend to http:/);
  });

  it('an authority that nobody named is told, with --backend-ca', async () => {
    const port = await listen(createHttps(pair, (_req, res) => res.end('{}')));
    const failure = await look(place('https', port));
    expect(failure?.reason).toMatch(/certificate is not trusted/);
    expect(failure?.cure).toMatch(/--backend-ca/);
    const header = { 'content-type': 'application/json' };
    const good = await listen(createHttps(pair, (_req, res) => res.writeHead(200, header).end('{}')));
    expect(await look({ ...place('https', good), ca })).toBeUndefined();
  });

  it('a certificate for another name is told', async () => {
    const port = await listen(createHttps(pair, (_req, res) => res.end('{}')));
    const failure = await look({ kind: 'https', host: 'localhost', port, ca });
    expect(failure?.reason).toMatch(/for another name/);
  });

  it('nothing there is told', async () => {
    const server = createTcp();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const failure = await look(place('http', port));
    expect(failure?.reason).toBe('the registry cannot be reached: connection refused');
    expect(failure?.cure).toMatch(/start the registry/);
  });

  it('a socket that is not there is told', async () => {
    const failure = await look({ kind: 'unix', path: join(folder.path, 'none.sock') });
    expect(failure?.reason).toMatch(/socket does not exist/);
  });
});

describe('explainFailure', () => {
  it.each([
    ['ENOTFOUND', /host name is not known/],
    ['EAI_AGAIN', /host name is not known/],
    ['ETIMEDOUT', /no answer in time/],
    ['CERT_HAS_EXPIRED', /has expired/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /not trusted/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /not trusted/],
    ['EACCES', /may not be opened/],
    ['EMFILE', /no file descriptors/],
    ['ESOMETHING', /^ESOMETHING$/],
  ])('%s', (code, reason) => {
    expect(explainFailure(Object.assign(new Error('x'), { code })).reason).toMatch(reason);
  });
});
