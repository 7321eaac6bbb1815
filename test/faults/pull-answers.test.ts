import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { parseAnswers, type RawAnswer } from '../support/raw-client.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { useScriptedGate } from './scripted-gate.ts';
import { BLOB, DIGEST, eventually, MANIFEST, openClient, type Client } from './scripted-backend.ts';

/** The next answer on this connection, to this method. */
async function answerTo(client: Client, method: string, from: number): Promise<RawAnswer> {
  const read = (): readonly RawAnswer[] =>
    parseAnswers(Buffer.from(client.text().slice(from), 'latin1'), [method]).answers;
  await eventually('an answer', () => read().length > 0);
  const [answer] = read();
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

describe('what a backend may answer to a pull', () => {
  const scripted = useScriptedGate();
  let client: Client;
  beforeEach(async () => {
    client = await openClient(scripted.gate);
    return () => client.close();
  });

  interface Passed {
    readonly name: string;
    readonly method: 'GET' | 'HEAD';
    readonly target: string;
    readonly bytes: string;
    readonly status: number;
    readonly body: string;
    readonly fields: Readonly<Record<string, string | undefined>>;
  }
  const blob = (name: string, bytes: string, body: string, fields: Passed['fields'] = {}): Passed => ({
    name,
    method: 'GET',
    target: BLOB,
    bytes,
    status: Number(bytes.slice(9, 12)),
    body,
    fields,
  });
  const PASSED: readonly Passed[] = [
    blob(
      'a part',
      'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/9\r\nContent-Length: 3\r\n\r\nabc',
      'abc',
      {
        'content-range': 'bytes 2-4/9',
        'content-length': '3',
      },
    ),
    blob(
      'a part in chunks',
      'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      'abc',
      {
        'content-range': 'bytes 2-4/9',
        'content-length': undefined,
      },
    ),
    blob(
      'several parts',
      'HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\nContent-Length: 5\r\n\r\n--x--',
      '--x--',
      {
        'content-type': 'multipart/byteranges; boundary=x',
      },
    ),
    blob('not changed', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', '', { etag: '"x"' }),
    blob('nothing', 'HTTP/1.1 204 No Content\r\n\r\n', '', {
      'content-length': undefined,
      'transfer-encoding': undefined,
    }),
    blob('nothing, measured', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', '', {
      'content-length': undefined,
    }),
    blob(
      'another place for a blob',
      'HTTP/1.1 307 Go\r\nLocation: https://store.example/a?sig=%2F\r\nContent-Length: 0\r\n\r\n',
      '',
      {
        location: 'https://store.example/a?sig=%2F',
      },
    ),
    blob(
      'another place, with words',
      'HTTP/1.1 307 Go\r\nLocation: https://store.example/a\r\nContent-Length: 5\r\n\r\nthere',
      'there',
      {
        location: 'https://store.example/a',
      },
    ),
    blob(
      'no such range',
      'HTTP/1.1 416 No\r\nContent-Range: bytes */9\r\nContent-Length: 2\r\n\r\n{}',
      '{}',
      {
        'content-range': 'bytes */9',
      },
    ),
    blob(
      'no such blob',
      'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"errors":[]}',
      '{"errors":[]}',
      {
        'content-type': 'application/json',
      },
    ),
    blob('trouble', 'HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n', '', {
      'retry-after': '7',
    }),
    blob('an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '', { 'content-length': '0' }),
    blob('no chunk at all', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', ''),
    blob(
      'every byte',
      `HTTP/1.1 200 OK\r\nContent-Length: 128\r\n\r\n${Array.from({ length: 128 }, (_none, code) => String.fromCharCode(code)).join('')}`,
      Array.from({ length: 128 }, (_none, code) => String.fromCharCode(code)).join(''),
    ),
    {
      name: 'the head of a blob of three terabytes',
      method: 'HEAD',
      target: BLOB,
      bytes: `HTTP/1.1 200 OK\r\nContent-Length: 3298534883328\r\nDocker-Content-Digest: ${DIGEST}\r\n\r\n`,
      status: 200,
      body: '',
      fields: { 'content-length': '3298534883328', 'docker-content-digest': DIGEST },
    },
    {
      name: 'the head of what is not there',
      method: 'HEAD',
      target: MANIFEST,
      bytes: 'HTTP/1.1 404 Not Found\r\nContent-Length: 157\r\n\r\n',
      status: 404,
      body: '',
      fields: { 'content-length': '157' },
    },
  ];
  it.each(PASSED)('$name: $method, $status', async ({ method, target, bytes, status, body, fields }) => {
    // In one piece, and byte by byte.
    for (const pieces of [[bytes], [...bytes]]) {
      scripted.script = ({ socket }) => {
        const left = [...pieces];
        const next = (): void => {
          const piece = left.shift();
          if (piece !== undefined) socket.write(piece, 'latin1', () => setImmediate(next));
        };
        next();
      };
      const from = client.text().length;
      client.ask(method, target, 'Range: bytes=2-4');
      const answer = await answerTo(client, method, from);
      expect([answer.status, answer.body]).toEqual([status, body]);
      for (const [name, value] of Object.entries(fields))
        expect([name, answer.header(name)]).toEqual([name, value]);
      expect(answer.all('content-length').length).toBeLessThan(2);
      expect(client.text().slice(from)).not.toMatch(/\r\n\r\n.*HTTP\/1\.1/s);
    }
  });

  const SIZES = [
    1, 2, 8191, 8192, 16_300, 16_383, 16_384, 16_385, 65_536, 524_287, 524_288, 524_289, 1_048_576, 3_000_001,
  ];
  it.each(SIZES)(
    'a body of %s bytes, with a length and in chunks, again and again on one connection',
    async (size) => {
      const body = randomBytes(size);
      const expected = digestOf(body);
      const framed = (part: Buffer): Buffer =>
        Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
      const chunk = Math.ceil(size / 7);
      const parts = Array.from({ length: Math.ceil(size / chunk) }, (_none, nth) =>
        framed(body.subarray(nth * chunk, (nth + 1) * chunk)),
      );
      const answers = [
        [Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), body],
        [
          Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
          ...parts,
          Buffer.from('0\r\n\r\n'),
        ],
      ].map((pieces) => Buffer.concat(pieces));
      const before = scripted.backend.visits.length;
      for (const bytes of [...answers, ...answers]) {
        scripted.script = (visit) => void visit.socket.write(bytes);
        expect(await digestThrough(scripted.gate)).toBe(expected);
      }
      expect(scripted.backend.visits.length - before).toBeLessThan(2);
    },
  );
});

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** Pulls the blob as a client of `node:https` does; the digest of what came. */
async function digestThrough(gate: TestGate, target = BLOB): Promise<string> {
  const headers = { authorization: gate.authorization };
  return new Promise((resolve, reject) => {
    const asked = requestTls(
      { port: gate.port, host: '127.0.0.1', ca: gate.ca, path: target, headers, agent: false },
      (answer) => {
        const hash = createHash('sha256');
        answer.on('data', (chunk: Buffer) => hash.update(chunk));
        answer.on('end', () => resolve(hash.digest('hex'))).on('error', reject);
      },
    );
    asked.on('error', reject).end();
  });
}

describeWith(['docker-registry'], 'what a real registry answers to a pull', () => {
  const LAYER = randomBytes(3_000_001);
  const OF_LAYER = `sha256:${digestOf(LAYER)}`;
  let registry: Registry;
  let gate: TestGate;
  beforeAll(async () => {
    registry = await startRegistry();
    gate = await startTestGate({ backend: registry.url });
    await push(registry.url, LAYER, OF_LAYER);
  });
  afterAll(async () => {
    await gate.close();
    await registry.close();
  });

  interface Plain {
    readonly status: number;
    readonly fields: readonly (readonly [string, string | undefined])[];
    readonly body: string;
  }
  const COMPARED = [
    'content-length',
    'content-range',
    'content-type',
    'etag',
    'docker-content-digest',
    'accept-ranges',
    'cache-control',
  ];
  const PULLS: readonly (readonly [string, string, Readonly<Record<string, string>>, number])[] = [
    ['GET', OF_LAYER, {}, 200],
    ['HEAD', OF_LAYER, {}, 200],
    ['GET', OF_LAYER, { range: 'bytes=0-0' }, 206],
    ['GET', OF_LAYER, { range: 'bytes=1000000-2000000' }, 206],
    ['GET', OF_LAYER, { range: 'bytes=-5' }, 206],
    ['GET', OF_LAYER, { range: 'bytes=3000000-' }, 206],
    ['GET', OF_LAYER, { range: 'bytes=3000001-' }, 416],
    ['GET', OF_LAYER, { range: 'nonsense' }, 416],
    ['GET', OF_LAYER, { 'if-none-match': `"${OF_LAYER}"` }, 304],
    ['HEAD', OF_LAYER, { 'if-none-match': `"${OF_LAYER}"` }, 304],
    ['GET', OF_LAYER, { 'if-none-match': '"other"' }, 200],
    ['GET', DIGEST, {}, 404],
    ['HEAD', DIGEST, {}, 404],
  ];
  it.each(PULLS)('%s %s %o: %s, with and without the gate', async (method, digest, headers, status) => {
    const path = `/v2/library/app/blobs/${digest}`;
    const direct = await ask(new URL(path, registry.url), { method, headers });
    const through = await new Promise<Plain>((resolve, reject) => {
      const options = {
        method,
        headers: { ...headers, authorization: gate.authorization },
        ca: gate.ca,
        agent: false,
      };
      requestTls(`https://127.0.0.1:${gate.port}${path}`, options, (answer) => resolve(plain(answer)))
        .on('error', reject)
        .end();
    });
    expect(through).toEqual(direct);
    expect(through.status).toBe(status);
  });

  it('several ranges come as they come from the registry, but for the boundary, which is drawn by lot', async () => {
    const path = `/v2/library/app/blobs/${OF_LAYER}`;
    const type = await new Promise<string>((resolve, reject) => {
      const headers = { range: 'bytes=0-0,5-6', authorization: gate.authorization };
      requestTls(
        `https://127.0.0.1:${gate.port}${path}`,
        { headers, ca: gate.ca, agent: false },
        (answer) => {
          answer.resume().on('end', () => resolve(`${answer.statusCode} ${answer.headers['content-type']}`));
        },
      )
        .on('error', reject)
        .end();
    });
    expect(type).toMatch(/^206 multipart\/byteranges; boundary=/);
  });

  async function plain(
    answer: NodeJS.ReadableStream & {
      readonly statusCode?: number | undefined;
      readonly headers: NodeJS.Dict<string | string[]>;
    },
  ): Promise<Plain> {
    const fields = COMPARED.map((name): readonly [string, string | undefined] => [
      name,
      answer.headers[name]?.toString(),
    ]);
    return { status: answer.statusCode ?? 0, fields, body: await bodyOf(answer) };
  }

  /** Of a range that is not there this registry announces the whole layer, and breaks off: so has the gate to. */
  async function bodyOf(answer: NodeJS.ReadableStream): Promise<string> {
    const hash = createHash('sha256');
    try {
      for await (const chunk of answer) hash.update(chunk);
      return hash.digest('hex');
    } catch {
      return 'broken off';
    }
  }

  function ask(
    url: URL,
    options: { readonly method: string; readonly headers: Readonly<Record<string, string>> },
  ): Promise<Plain> {
    return new Promise((resolve, reject) => {
      request(url, { ...options, agent: false }, (answer) => resolve(plain(answer)))
        .on('error', reject)
        .end();
    });
  }
});

/** Puts a layer into a registry, past the gate. */
async function push(url: string, layer: Buffer, digest: string): Promise<void> {
  const begun = await fetch(`${url}/v2/library/app/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location') ?? '', url);
  place.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const done = await fetch(place, { method: 'PUT', body: new Uint8Array(layer), headers });
  if (done.status !== 201) throw new Error(`the registry answers ${done.status}`);
}
