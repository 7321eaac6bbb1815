import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../../../src/config/schema/schema.ts';
import { temporaryFolder } from '../../support/programs.ts';
import { startTestGate, type TestGate } from '../../support/test-gate.ts';

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

export function noise(size: number, algorithm: 'sha256' | 'sha384' | 'sha512' = 'sha256'): Blob {
  const bytes = randomBytes(size);
  return { bytes, digest: `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` };
}

/** Answers in place of the registry. True where it has taken over. */
export type Takeover = (req: IncomingMessage, res: ServerResponse) => boolean;

/** A registry that is asked for blobs alone, and counts. */
export interface BlobRegistry {
  readonly url: string;
  /** `GET REPOSITORY`, `HEAD REPOSITORY`, in the order in which they came. */
  readonly asked: string[];
  put(repository: string, blob: Blob): void;
  remove(repository: string, blob: Blob): void;
  takeover: Takeover;
  close(): Promise<void>;
}

export async function startBlobRegistry(): Promise<BlobRegistry> {
  const blobs = new Map<string, Buffer>();
  const server = createServer((req, res) => {
    const [, repository = '', digest = ''] = /^\/v2\/(.+)\/blobs\/(.+)$/.exec(req.url ?? '') ?? [];
    registry.asked.push(`${req.method} ${repository}`);
    if (registry.takeover(req, res)) return;
    const key = `${repository}@${digest}`;
    const bytes = blobs.get(key);
    if (bytes === undefined) {
      res.writeHead(404, { 'Content-Type': 'application/json' }).end('{"errors":[{"code":"BLOB_UNKNOWN"}]}');
    } else if (req.method === 'DELETE') {
      blobs.delete(key);
      res.writeHead(202).end();
    } else sendBlob(req, res, bytes);
  });
  const registry: BlobRegistry = {
    url: '',
    asked: [],
    put: (repository, { digest, bytes }) => void blobs.set(`${repository}@${digest}`, bytes),
    remove: (repository, { digest }) => void blobs.delete(`${repository}@${digest}`),
    takeover: () => false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(registry, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function sendBlob(req: IncomingMessage, res: ServerResponse, bytes: Buffer): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = last === undefined || last === '' ? bytes.length : Number(last) + 1;
  const part = bytes.subarray(start, end);
  const range = { 'Content-Range': `bytes ${start}-${start + part.length - 1}/${bytes.length}` };
  res.writeHead(first === undefined ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': part.length,
    ...(first === undefined ? {} : range),
  });
  res.end(req.method === 'HEAD' ? undefined : part);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the body came to the end that the head had promised. */
  readonly whole: boolean;
}

export interface Pull {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Told of the body as it comes. The pull may be ended here. */
  readonly onData?: (bytes: number, leave: () => void) => void;
}

/** A gate with a cache, the registry behind it, and a client. */
export interface CacheFixture {
  readonly registry: BlobRegistry;
  readonly directory: string;
  readonly gate: TestGate;
  pull(repository: string, digest: string, pull?: Pull): Promise<Answer>;
  /** Names of the blobs that are kept, and of what is being filled. */
  kept(): Promise<readonly string[]>;
  /** Another gate on the same directory, in place of this one. */
  restart(): Promise<CacheFixture>;
  close(): Promise<void>;
}

export async function startCacheFixture(
  wishes: Partial<Config['cache']> = {},
  timeouts: Partial<Config['timeouts']> = {},
): Promise<CacheFixture> {
  const registry = await startBlobRegistry();
  const folder = await temporaryFolder('cache');
  const directory = join(folder.path, 'cache');
  await mkdir(directory);
  const close = async (): Promise<void> => {
    await registry.close();
    await folder.close();
  };
  const open = async (): Promise<CacheFixture> => {
    const cache = { directory, size: 2 ** 30, checkSeconds: 60, ...wishes };
    const gate = await startTestGate({ backend: registry.url, timeouts, config: { cache } });
    return {
      registry,
      directory,
      gate,
      pull: (repository, digest, pull = {}) => pullFrom(gate, `/v2/${repository}/blobs/${digest}`, pull),
      kept: async () =>
        (await readdir(directory, { recursive: true })).filter((name) => /\/\w/.test(name)).sort(),
      restart: async () => {
        await gate.close();
        return open();
      },
      close: async () => {
        await gate.close();
        await close();
      },
    };
  };
  return open().catch(async (error: unknown) => {
    await close();
    throw error;
  });
}

function pullFrom({ port, ca, authorization }: TestGate, path: string, wish: Pull): Promise<Answer> {
  const { method = 'GET', headers = {}, onData } = wish;
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, ca, agent: false, method, path, headers: { authorization, ...headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          onData?.(bytes, () => answer.destroy());
        });
        answer.on('error', () => undefined);
        answer.on('close', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(chunks),
            whole: answer.complete,
          }),
        );
      },
    );
    asked.once('error', reject).end();
  });
}
