import { createHash, randomBytes } from 'node:crypto';
import { createServer as createPlain } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createSecure, request } from 'node:https';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificatePaths } from '../../../src/pki/authority/cert-store.ts';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { temporaryFolder } from '../../support/programs.ts';
import { startTestGate, type TestGate } from '../../support/test-gate.ts';

const MIB = 1024 * 1024;
const POOL = randomBytes(24 * MIB);
const SIZES = [
  0,
  1,
  100,
  16_000,
  16_383,
  16_384,
  16_385,
  65_536,
  512 * 1024 - 1,
  512 * 1024 + 1,
  3 * MIB + 7,
];
const LARGE = 4 * MIB;

/** Where a body begins in the random bytes: no two of different size look alike. */
function bodyOf(size: number): Buffer {
  const start = (size * 31) % (POOL.length - size + 1);
  return POOL.subarray(start, start + size);
}

/** The tag of the request says how large the answer is, and whether it comes in chunks. */
const registry: RequestListener = (req, res) => {
  const [, size, kind] = /manifests\/s(\d+)-(\w+)$/.exec(req.url ?? '') ?? [];
  const body = bodyOf(Number(size));
  if (kind === 'length') {
    res.writeHead(200, { 'content-length': body.length }).end(body);
    return;
  }
  for (let at = 0, step = 1; at < body.length; at += step, step = (step * 7) % 50_021) {
    res.write(body.subarray(at, at + step));
  }
  res.end();
};

interface Place {
  readonly server: Server;
  readonly gate: TestGate;
}

const places = new Map<string, Place>();
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder('pull');
  const directory = join(folder.path, 'backend');
  await initCertificates({ directory, hosts: ['127.0.0.1'], now: new Date() });
  const paths = certificatePaths(directory);
  const [cert, key] = await Promise.all([readFile(paths.certificate, 'utf8'), readFile(paths.key, 'utf8')]);
  const socket = join(folder.path, 'socket');
  const http = await listening(createPlain(registry), { port: 0, host: '127.0.0.1' });
  const https = await listening(createSecure({ cert, key }, registry), { port: 0, host: '127.0.0.1' });
  const unix = await listening(createPlain(registry), { path: socket });
  const secure = { kind: 'https', host: '127.0.0.1', port: portOf(https) } as const;
  places.set('http', {
    server: http,
    gate: await startTestGate({ backend: `http://127.0.0.1:${portOf(http)}` }),
  });
  places.set('https', {
    server: https,
    gate: await startTestGate({
      backend: `https://127.0.0.1:${secure.port}`,
      config: { backend: secure, backendCa: paths.authorityCertificate },
    }),
  });
  places.set('unix', { server: unix, gate: await startTestGate({ backend: `unix:${socket}` }) });
});

afterAll(async () => {
  for (const { server, gate } of places.values()) {
    await gate.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await folder.close();
});

async function listening(server: Server, place: object): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(place, resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function gateOf(kind: string): TestGate {
  const place = places.get(kind);
  if (place === undefined) throw new Error(`no gate before ${kind}`);
  return place.gate;
}

interface Pulled {
  readonly bytes: number;
  readonly sum: string;
}

/** Pulls by hand, a piece at a time: `between` is waited for after each. */
async function pull(gate: TestGate, target: string, between: () => Promise<void>): Promise<Pulled> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({
      host: '127.0.0.1',
      port: gate.port,
      ca: gate.ca,
      agent: false,
      path: target,
      headers: { authorization: gate.authorization },
    })
      .once('response', resolve)
      .once('error', reject)
      .end();
  });
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    hash.update(chunk);
    await between();
  }
  return { bytes, sum: hash.digest('hex') };
}

function expected(size: number): Pulled {
  return { bytes: size, sum: createHash('sha256').update(bodyOf(size)).digest('hex') };
}

const AT_ONCE = async (): Promise<void> => undefined;
const SLOWLY = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe.each(['http', 'https', 'unix'])('a pull through a backend over %s', (kind) => {
  describe.each(['length', 'chunked'])('with its body told by %s', (framing) => {
    it.each(SIZES)('of %d bytes arrives as it was sent, to a quick and to a slow client', async (size) => {
      const target = `/v2/library/app/manifests/s${size}-${framing}`;
      const gate = gateOf(kind);
      expect(await pull(gate, target, AT_ONCE)).toEqual(expected(size));
      expect(await pull(gate, target, SLOWLY)).toEqual(expected(size));
    });

    it('by eight clients at once, half of them slow, mixes nothing up', async () => {
      const sizes = Array.from({ length: 8 }, (_, nth) => LARGE + nth);
      const pulled = await Promise.all(
        sizes.map((size, nth) =>
          pull(
            gateOf(kind),
            `/v2/library/app/manifests/s${size}-${framing}`,
            nth % 2 === 0 ? AT_ONCE : SLOWLY,
          ),
        ),
      );
      expect(pulled).toEqual(sizes.map(expected));
    });
  });
});
