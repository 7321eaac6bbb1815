import dns from 'node:dns';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { certificatePaths } from '../../src/pki/authority/cert-store.ts';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { parseBackend } from '../../src/config/values/backend-url.ts';
import type { Config } from '../../src/config/schema/schema.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import type { RawAnswer } from '../support/raw-client.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { BLOB, exchanges, MANIFEST, openClient, startBackend, UPLOAD } from './scripted-backend.ts';
import type { Visit } from './scripted-backend.ts';
import { startProcess } from '../support/processes.ts';

let folder: Folder;
/** Gates that are open at the same time share their certificate; this one spares the others the making. */
let keeper: TestGate;
beforeAll(async () => {
  folder = await temporaryFolder('unreachable');
  keeper = await startTestGate({ backend: 'http://127.0.0.1:1' });
});
afterAll(async () => {
  await keeper.close();
  await folder.close();
});

/** One request through a gate of its own. */
async function askThrough(
  backend: string,
  {
    method = 'GET',
    target = BLOB,
    timeouts = {},
    config = {},
  }: {
    readonly method?: string;
    readonly target?: string;
    readonly timeouts?: Partial<Config['timeouts']>;
    readonly config?: Partial<Config>;
  } = {},
): Promise<{
  readonly answer: RawAnswer;
  readonly logged: ReturnType<typeof exchanges>[number] | undefined;
}> {
  const gate = await startTestGate({ backend, timeouts, config });
  try {
    const client = await openClient(gate);
    client.ask(method, target, ...(method === 'GET' ? [] : ['Content-Length: 3', '', 'abc']));
    const answer = await client.answer();
    client.close();
    return { answer, logged: exchanges(gate)[0] };
  } finally {
    await gate.close();
  }
}

/** What a client and its user can tell of the answer. `leaks` are words of the place or of the request. */
function factsOf(answer: RawAnswer, secrets: readonly string[] = []): object {
  return {
    status: answer.status,
    type: answer.header('content-type'),
    version: answer.header('docker-distribution-api-version'),
    errors: JSON.parse(answer.body).errors.map(({ code }: { readonly code: string }) => code),
    leaks: ['127.0.0.1', 'registry.test', ...secrets].filter((secret) => answer.body.includes(secret)),
  };
}

function unavailable(status: number): object {
  const type = 'application/json; charset=utf-8';
  return { status, type, version: 'registry/2.0', errors: ['UNAVAILABLE'], leaks: [] };
}

const METHODS: readonly (readonly [string, string])[] = [
  ['GET', BLOB],
  ['PATCH', UPLOAD],
  ['PUT', MANIFEST],
];

describe('a backend that cannot be reached', () => {
  for (const [method, target] of METHODS) {
    it(`refuses the connection: 502 to ${method}`, async () => {
      const gone = await startBackend(() => undefined);
      await gone.close();
      const { answer, logged } = await askThrough(gone.url, { method, target });
      expect(factsOf(answer, [String(gone.port)])).toEqual(unavailable(502));
      expect(logged).toMatchObject({ status: 502, error: 'UNAVAILABLE', outcome: 'complete' });
    });

    it(`has a name that does not resolve: 502 to ${method}`, async () => {
      const { answer } = await askThrough('http://no-such-host.invalid:5000', { method, target });
      expect(factsOf(answer, ['no-such-host'])).toEqual(unavailable(502));
    });

    it(`resets before its head: 502 to ${method}`, async () => {
      const backend = await startBackend((visit) => visit.socket.resetAndDestroy());
      const { answer } = await askThrough(backend.url, { method, target });
      expect(factsOf(answer)).toEqual(unavailable(502));
      expect(backend.visits.length).toBe(1);
      await backend.close();
    });

    it(`closes before its head: 502 to ${method}`, async () => {
      const backend = await startBackend((visit) => visit.socket.end());
      const { answer } = await askThrough(backend.url, { method, target });
      expect(factsOf(answer)).toEqual(unavailable(502));
      await backend.close();
    });

    it(`is silent: 504 to ${method}`, async () => {
      const backend = await startBackend(() => undefined);
      const { answer, logged } = await askThrough(backend.url, {
        method,
        target,
        timeouts: { backendSeconds: 0.2 },
      });
      expect(factsOf(answer)).toEqual(unavailable(504));
      expect(logged).toMatchObject({ status: 504, error: 'UNAVAILABLE' });
      await backend.close();
    });
  }

  it('does not take connections: 504', async () => {
    const full = await startFullBacklog();
    const { answer } = await askThrough(full.url, { timeouts: { connectSeconds: 0.3 } });
    expect(factsOf(answer)).toEqual(unavailable(504));
    await full.close();
  });

  it('does not answer the TLS handshake: 504', async () => {
    const backend = await startBackend(() => undefined);
    const url = backend.url.replace('http:', 'https:');
    const { answer } = await askThrough(url, { timeouts: { connectSeconds: 0.3 } });
    expect(factsOf(answer)).toEqual(unavailable(504));
    await backend.close();
  });
});

const STRANGE: readonly (readonly [string, string])[] = [
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['status 000', 'HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n'],
  ['status 099', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['status 600', 'HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['status 999', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['101', 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ['101 without Upgrade', 'HTTP/1.1 101 Switching\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
  [
    'length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a head of 20 KiB', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`],
  [
    'a control character in a field',
    'HTTP/1.1 200 OK\r\nContent-Type: a\u0001b\r\nContent-Length: 0\r\n\r\n',
  ],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  [
    'its own login',
    'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="http://evil"\r\nContent-Length: 0\r\n\r\n',
  ],
  ['a proxy login', 'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n'],
  ['a way elsewhere', 'HTTP/1.1 301 Away\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n'],
];

describe('a backend that answers strangely: 502', () => {
  for (const [name, bytes] of STRANGE) {
    it(`answers with ${name}`, async () => {
      const backend = await startBackend((visit) => visit.socket.write(bytes, 'latin1'));
      const { answer } = await askThrough(backend.url);
      expect(factsOf(answer, ['evil'])).toEqual(unavailable(502));
      expect(answer.header('www-authenticate')).toBeUndefined();
      await backend.close();
    });
  }
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const answerOk = (visit: Visit): void => void visit.socket.write(OK);

describe('a unix socket', () => {
  it('serves', async () => {
    const backend = await startBackend(answerOk, { path: join(folder.path, 'a.sock') });
    expect((await askThrough(backend.url)).answer).toMatchObject({ status: 200, body: 'ok' });
    await backend.close();
  });

  it('is missing: 502', async () => {
    const { answer } = await askThrough(`unix:${join(folder.path, 'none.sock')}`);
    expect(factsOf(answer, ['none.sock'])).toEqual(unavailable(502));
  });
});

describe('an IPv6 backend', () => {
  it('serves', async () => {
    const backend = await startBackend(answerOk, { host: '::1' });
    expect((await askThrough(backend.url)).answer).toMatchObject({ status: 200, body: 'ok' });
    await backend.close();
  });
});

describe('an https backend is verified', () => {
  // Not every machine has /etc/hosts.
  beforeEach(() => {
    vi.spyOn(dns, 'lookup').mockImplementation(lookUp as typeof dns.lookup);
  });
  afterEach(() => void vi.restoreAllMocks());

  /** A CA with a certificate for these names. */
  async function makePair(
    name: string,
    hosts: readonly string[],
  ): Promise<{ cert: string; key: string; ca: string }> {
    const directory = join(folder.path, name);
    await initCertificates({ directory, hosts: [...hosts], now: new Date() });
    const paths = certificatePaths(directory);
    const [cert, key] = await Promise.all([readFile(paths.certificate, 'utf8'), readFile(paths.key, 'utf8')]);
    return { cert, key, ca: paths.authorityCertificate };
  }

  const CASES: readonly {
    readonly name: string;
    readonly hosts: readonly string[];
    readonly url: (port: number) => string;
    readonly trusted: boolean;
    readonly status: number;
  }[] = [
    {
      name: 'right CA, address',
      hosts: ['127.0.0.1'],
      url: (port) => `https://127.0.0.1:${port}`,
      trusted: true,
      status: 200,
    },
    {
      name: 'right CA, name',
      hosts: ['localhost'],
      url: (port) => `https://localhost:${port}`,
      trusted: true,
      status: 200,
    },
    {
      name: 'wrong CA',
      hosts: ['127.0.0.1'],
      url: (port) => `https://127.0.0.1:${port}`,
      trusted: false,
      status: 502,
    },
    {
      name: 'wrong name',
      hosts: ['localhost'],
      url: (port) => `https://127.0.0.1:${port}`,
      trusted: true,
      status: 502,
    },
    {
      name: "the client's Host instead of the backend's name",
      hosts: ['registry.test'],
      url: (port) => `https://127.0.0.1:${port}`,
      trusted: true,
      status: 502,
    },
    {
      name: "the client's Host instead of the backend's name, by name",
      hosts: ['registry.test'],
      url: (port) => `https://localhost:${port}`,
      trusted: true,
      status: 502,
    },
  ];

  for (const { name, hosts, url, trusted, status } of CASES) {
    it(`${name}: ${status}`, async () => {
      const id = name.replaceAll(/\W/g, '');
      const pair = await makePair(id, hosts);
      const other = trusted ? pair : await makePair(`${id}-other`, hosts);
      const backend = await startBackend(answerOk, { tls: pair });
      const place = parseBackend(url(backend.port));
      if (!place.ok) throw new Error(place.reason);
      const { answer } = await askThrough(backend.url, {
        config: { backend: place.value, backendCa: other.ca },
      });
      const asked = backend.visits.some((visit) => visit.received() > 0);
      expect({ status: answer.status, asked }).toEqual({ status, asked: status === 200 });
      await backend.close();
    });
  }

  it('is not without a CA that knows it: 502', async () => {
    const pair = await makePair('public', ['127.0.0.1']);
    const backend = await startBackend(answerOk, { tls: pair });
    expect(factsOf((await askThrough(backend.url)).answer)).toEqual(unavailable(502));
    await backend.close();
  });
});

/** `dns.lookup` of a machine whose resolver knows `localhost`, and addresses as they are. */
function lookUp(
  name: string,
  options: { readonly all?: boolean },
  done: (error: Error | null, found?: unknown, family?: number) => void,
): void {
  const family = isIP(name);
  if (name !== 'localhost' && family === 0) done(new Error(`getaddrinfo ENOTFOUND ${name}`));
  else {
    const found = family === 0 ? { address: '127.0.0.1', family: 4 } : { address: name, family };
    if (options.all === true) done(null, [found]);
    else done(null, found.address, found.family);
  }
}

/** A listener whose queue is full and is never taken from: the kernel drops what else knocks. */
async function startFullBacklog(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const program = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, server.address().port + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = startProcess(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const port = Number(line);
  const fillers: Socket[] = [];
  // What the queue takes connects at once; the first that does not has found it full.
  for (let isFull = false; !isFull && fillers.length < 20;) {
    const filler = connect(port, '127.0.0.1').on('error', () => undefined);
    fillers.push(filler);
    const timer = new Promise<boolean>((resolve) => setTimeout(resolve, 200, true));
    isFull = await Promise.race([once(filler, 'connect').then(() => false), timer]);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
