import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { parseBackend } from '../../src/config/values/backend-url.ts';
import { temporaryFolder } from '../support/programs.ts';
import { basic, startTestGate, type TestGate, type TestGateOptions } from '../support/test-gate.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const BLOB = `/v2/team/app/blobs/${DIGEST}`;
const MANIFEST = '/v2/team/app/manifests/1';

let open: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of open.toReversed()) await close();
  open = [];
});

interface Seen {
  readonly method: string;
  readonly target: string;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

/** A server that answers as it is told, and remembers what it was asked. */
async function serve(answer: RequestListener, tls?: { readonly cert: string; readonly key: string }) {
  const seen: Seen[] = [];
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    const { method = '', url = '', headers } = req;
    seen.push({ method, target: url, host: headers.host, authorization: headers.authorization });
    void answer(req, res);
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, seen, url: `http://127.0.0.1:${port}` };
}

async function gateBefore(url: string, config: TestGateOptions['config'] = {}): Promise<TestGate> {
  const backend = parseBackend(url);
  if (!backend.ok) throw new Error(backend.reason);
  const gate = await startTestGate({
    backend: 'http://127.0.0.1:1',
    config: { backend: backend.value, ...config },
  });
  open.push(() => gate.close());
  return gate;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function ask(
  { port, ca, authorization }: TestGate,
  path: string,
  {
    method = 'GET',
    headers = {},
  }: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fields = { authorization, ...headers };
    const req = request(
      { host: '127.0.0.1', port, ca, path, method, headers: fields, agent: false, servername: 'localhost' },
      (res) => {
        const pieces: Buffer[] = [];
        res.on('data', (piece: Buffer) => pieces.push(piece));
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            text: Buffer.concat(pieces).toString(),
          }),
        );
        res.on('error', reject);
      },
    );
    req.once('error', reject).end();
  });
}

const json = (res: ServerResponse, status: number, body: string, headers = {}): void => {
  res
    .writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, ...headers })
    .end(body);
};

describe('A8: a registry that is not there', () => {
  it('is named in the log by its URL, with the cure and the option; the client reads a sentence', async () => {
    // Nobody listens on port 1.
    const gate = await gateBefore('http://127.0.0.1:1');
    const answer = await ask(gate, MANIFEST);
    expect(answer.status).toBe(502);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(answer.text).errors[0].message).toMatch(/registry behind this gate .*refused/);
    expect(answer.text).not.toContain('127.0.0.1:1');
    expect((await ask(gate, '/readyz')).text).toContain('connection refused');
    const lines = gate.log.filter((line) => line.includes('"backend":"http://127.0.0.1:1"'));
    expect(lines[0]).toMatch(/connection refused.*--backend/);
  });
});

describe('a registry below a path', () => {
  const registry = (knowsItsPath: boolean) =>
    serve((req, res) => {
      const { url = '', method = '', headers } = req;
      if (!url.startsWith('/oci/v2/')) {
        json(res, 404, '{}');
        return;
      }
      const own = knowsItsPath ? url : url.slice('/oci'.length);
      const location = `https://${headers['x-forwarded-host']}${own}x?_state=s`;
      const link = `<${own.replace(/\?.*/, '')}?n=1&last=a>; rel="next"`;
      if (method === 'POST') json(res, 202, '', { location });
      else json(res, 200, '{"repositories":["a"]}', { link });
    });

  it.each([
    ['that it knows of', true],
    ['that its proxy strips', false],
  ])('%s is asked there, and clients see none of it', async (_name, knowsItsPath) => {
    const backend = await registry(knowsItsPath);
    const gate = await gateBefore(`${backend.url}/oci`);
    expect((await ask(gate, '/v2/')).status).toBe(200);
    const pushed = await ask(gate, '/v2/team/app/blobs/uploads/', { method: 'POST' });
    expect(pushed.headers.location).toMatch(/^\/v2\/team\/app\/blobs\/uploads\/x\?_state=s$/);
    const tags = await ask(gate, '/v2/team/app/tags/list?n=1');
    expect(tags.headers['link']).toBe('</v2/team/app/tags/list?n=1&last=a>; rel="next"');
    expect((await ask(gate, '/readyz')).text).toBe('ok\n');
    expect(backend.seen.map(({ target }) => target)).toEqual([
      '/oci/v2/',
      '/oci/v2/team/app/blobs/uploads/',
      '/oci/v2/team/app/tags/list?n=1',
      '/oci/v2/',
    ]);
  });
});

describe('a registry that is known by a Host of its own', () => {
  it('is asked by it, by clients and by /readyz alike', async () => {
    const backend = await serve((req, res) =>
      req.headers.host === 'registry.internal' ? json(res, 200, '{}') : json(res, 404, '{}'),
    );
    const gate = await gateBefore(backend.url, { backendHost: 'registry.internal' });
    expect((await ask(gate, '/v2/')).status).toBe(200);
    expect((await ask(gate, '/v2/team/app/blobs/uploads/', { method: 'POST' })).status).toBe(200);
    expect((await ask(gate, '/readyz')).text).toBe('ok\n');
    expect(new Set(backend.seen.map(({ host }) => host))).toEqual(new Set(['registry.internal']));
  });
});

describe('a registry with a password of its own', () => {
  const LOGIN = { backendUser: 'gate', backendPassword: 'S3cret' };
  const asking = () =>
    serve((req, res) =>
      req.headers.authorization === basic('gate', 'S3cret')
        ? json(res, 200, '{"repositories":[]}')
        : json(res, 401, '{}', { 'www-authenticate': 'Basic realm="inner"' }),
    );

  it('is shown that of the gate, never that of the client', async () => {
    const backend = await asking();
    const gate = await gateBefore(backend.url, LOGIN);
    for (const path of ['/v2/', MANIFEST, '/v2/_catalog']) expect((await ask(gate, path)).status).toBe(200);
    expect((await ask(gate, '/v2/a/blobs/uploads/', { method: 'POST' })).status).toBe(200);
    expect((await ask(gate, '/readyz')).text).toBe('ok\n');
    const shown = backend.seen.map(({ authorization }) => authorization);
    expect(new Set(shown)).toEqual(new Set([undefined, basic('gate', 'S3cret')]));
    // Once, to learn how it wants to be asked.
    expect(shown.filter((value) => value === undefined)).toHaveLength(1);
    expect(gate.log.join('\n')).not.toContain('S3cret');
  });

  it('refuses a wrong one: the client gets 502 with the reason, and no challenge', async () => {
    const backend = await asking();
    const gate = await gateBefore(backend.url, { ...LOGIN, backendPassword: 'wrong' });
    const answer = await ask(gate, MANIFEST);
    expect(answer.status).toBe(502);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(answer.text).toMatch(/refuses the one of the gate/);
    expect((await ask(gate, '/readyz')).text).toBe('the registry answers 401\n');
  });
});

describe('a registry with a token service', () => {
  /** Tokens are `scope@number`; only the newest `good` ones open anything. */
  async function withTokens(expiresIn = 300) {
    let issued = 0;
    let oldest = 0;
    const service = await serve((req, res) => {
      const query = new URL(req.url ?? '', 'http://x').searchParams;
      if (req.headers.authorization !== basic('gate', 'S3cret')) json(res, 401, '{}');
      else {
        issued += 1;
        const token = `${query.getAll('scope').join('+').replaceAll(/[:,/]/g, '.')}@${issued}`;
        json(res, 200, JSON.stringify({ token, expires_in: expiresIn }));
      }
    });
    const registry = await serve((req, res) => {
      const number = Number(/^Bearer .*@(\d+)$/.exec(req.headers.authorization ?? '')?.[1] ?? -1);
      if (number > oldest) json(res, 200, '{}');
      else {
        const challenge = `Bearer realm="${service.url}/token?x=1",service="inner registry"`;
        json(res, 401, '{}', { 'www-authenticate': challenge });
      }
    });
    const gate = await gateBefore(registry.url, { backendUser: 'gate', backendPassword: 'S3cret' });
    return { service, registry, gate, revokeAll: () => (oldest = issued) };
  }

  it('gets tokens for what each request needs, and uses them again', async () => {
    const { service, gate } = await withTokens();
    const paths = [MANIFEST, MANIFEST, BLOB, '/v2/other/manifests/1'];
    for (const path of paths) expect((await ask(gate, path)).status).toBe(200);
    expect((await ask(gate, '/v2/team/app/blobs/uploads/', { method: 'POST' })).status).toBe(200);
    expect(service.seen.map(({ target }) => target)).toEqual([
      '/token?x=1&service=inner%20registry&scope=repository%3Ateam%2Fapp%3Apull',
      '/token?x=1&service=inner%20registry&scope=repository%3Aother%3Apull',
      '/token?x=1&service=inner%20registry&scope=repository%3Ateam%2Fapp%3Apull%2Cpush',
    ]);
  });

  it('is asked once by many requests at the same time', async () => {
    const { service, gate } = await withTokens();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(gate, MANIFEST)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(service.seen).toHaveLength(1);
  });

  it('is asked anew once the registry refuses what it gave', async () => {
    const { gate, revokeAll } = await withTokens();
    expect((await ask(gate, MANIFEST)).status).toBe(200);
    revokeAll();
    expect((await ask(gate, MANIFEST)).status).toBe(502);
    expect((await ask(gate, MANIFEST)).status).toBe(200);
  });

  it('that gives no token is 502 for the client, and a line in the log', async () => {
    const { gate, service } = await withTokens();
    open.push(() => undefined);
    service.seen.length = 0;
    const wrong = await gateBefore(`http://127.0.0.1:${(await withTokens()).registry.port}`, {
      backendUser: 'gate',
      backendPassword: 'wrong',
    });
    expect((await ask(wrong, MANIFEST)).status).toBe(502);
    expect(wrong.log.join('\n')).toMatch(/the token service of the registry answers 401/);
    expect(gate.log.join('\n')).not.toMatch(/no token for the registry/);
  });

  it('is not shown the password in plain text where the registry itself is asked by https', async () => {
    const folder = await temporaryFolder('backend');
    open.push(folder.close);
    await initCertificates({ directory: folder.path, hosts: ['127.0.0.1'], now: new Date() });
    const [cert, key] = await Promise.all(
      ['domain.crt', 'domain.key'].map((name) => readFile(join(folder.path, name), 'utf8')),
    );
    const service = await serve((_req, res) => json(res, 200, '{"token":"t"}'));
    const challenge = `Bearer realm="${service.url}/token"`;
    const registry = await serve((_req, res) => json(res, 401, '{}', { 'www-authenticate': challenge }), {
      cert: cert ?? '',
      key: key ?? '',
    });
    const gate = await gateBefore(`https://127.0.0.1:${registry.port}`, {
      backendCa: join(folder.path, 'ca.crt'),
      backendUser: 'gate',
      backendPassword: 'S3cret',
    });
    expect((await ask(gate, MANIFEST)).status).toBe(502);
    expect(service.seen).toEqual([]);
  });
});

describe('a redirect of the registry', () => {
  const LAYER = 'the bytes of a layer';
  const redirecting = (location: (port: number) => string, status = 307) => {
    let port = 0;
    return serve((req, res) => {
      port = req.socket.localPort ?? 0;
      if (req.url === '/storage/a?sig=1') res.writeHead(200, { 'content-length': LAYER.length }).end(LAYER);
      else res.writeHead(status, { location: location(port), 'content-length': 0 }).end();
    });
  };

  it.each([
    ['to another path', () => '/storage/a?sig=1'],
    ['to a relative path', () => '../../../../storage/a?sig=1'],
    ['to another path of its own name', (port: number) => `http://127.0.0.1:${port}/storage/a?sig=1`],
    ["to another path of the client's name", () => 'https://registry.lan/storage/a?sig=1'],
  ])('%s is followed by the gate for a blob', async (_name, location) => {
    const backend = await redirecting(location);
    const gate = await gateBefore(backend.url);
    const headers = { host: 'registry.lan' };
    const answer = await ask(gate, BLOB, { headers });
    expect([answer.status, answer.text]).toEqual([200, LAYER]);
    expect((await ask(gate, BLOB, { method: 'HEAD', headers })).headers['content-length']).toBe(
      `${LAYER.length}`,
    );
  });

  it('to a store of another name is for the client', async () => {
    const store = 'https://store.example/bucket/x?X-Amz-Signature=1';
    const gate = await gateBefore((await redirecting(() => store)).url);
    const answer = await ask(gate, BLOB);
    expect([answer.status, answer.headers.location]).toEqual([307, store]);
  });

  it.each([
    ['without an end', () => '/storage/again', 307, /elsewhere/],
    ['to itself', () => BLOB, 307, /elsewhere/],
    ['to itself by https', (port: number) => `https://127.0.0.1:${port}${BLOB}`, 301, /redirects to https/],
    [
      "to itself by https under the client's name",
      () => `https://registry.lan${BLOB}`,
      308,
      /redirects to https/,
    ],
  ])('%s is 502 with the reason', async (_name, location, status, reason) => {
    const backend = await redirecting(location, status);
    const gate = await gateBefore(backend.url);
    const answer = await ask(gate, BLOB, { headers: { host: 'registry.lan' } });
    expect(answer.status).toBe(502);
    expect(answer.text).toMatch(reason);
    expect(backend.seen.length).toBeLessThanOrEqual(4);
  });

  it('of a manifest to another path is not followed', async () => {
    const gate = await gateBefore((await redirecting(() => '/storage/a?sig=1')).url);
    expect((await ask(gate, MANIFEST)).status).toBe(502);
  });
});

describe('a page in place of an answer', () => {
  it.each([
    [404, 'text/html', 'UNKNOWN'],
    [413, 'text/html', 'SIZE_INVALID'],
    [429, 'text/plain', 'TOOMANYREQUESTS'],
    [500, 'text/html; charset=utf-8', 'UNAVAILABLE'],
    [502, 'text/html', 'UNAVAILABLE'],
    [503, 'text/plain', 'UNAVAILABLE'],
  ])('%i %s becomes registry JSON with the same status', async (status, type, code) => {
    const backend = await serve((_req, res) => {
      const body = '<html>an ingress of ours</html>';
      res
        .writeHead(status, { 'content-type': type, 'content-length': body.length, 'retry-after': '7' })
        .end(body);
    });
    const gate = await gateBefore(backend.url);
    for (const [path, method] of [
      [MANIFEST, 'GET'],
      ['/v2/a/blobs/uploads/', 'POST'],
    ] as const) {
      const answer = await ask(gate, path, { method });
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
      expect(answer.headers['retry-after']).toBe('7');
      expect(JSON.parse(answer.text).errors[0].code).toBe(code);
      expect(answer.text).not.toContain('ingress');
    }
    const head = await ask(gate, MANIFEST, { method: 'HEAD' });
    expect([head.status, head.headers['content-type']]).toEqual([status, 'application/json; charset=utf-8']);
  });

  it('leaves the JSON of a registry and the 416 of one in Go as they are', async () => {
    const backend = await serve((req, res) => {
      if (req.method === 'HEAD' || req.url === MANIFEST)
        json(res, 404, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      else
        res
          .writeHead(416, { 'content-type': 'text/plain', 'content-range': 'bytes */5', 'content-length': 2 })
          .end('no');
    });
    const gate = await gateBefore(backend.url);
    expect((await ask(gate, MANIFEST)).text).toBe('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    const ranged = await ask(gate, BLOB, { headers: { range: 'bytes=9-' } });
    expect([ranged.status, ranged.headers['content-range'], ranged.text]).toEqual([416, 'bytes */5', 'no']);
  });
});
