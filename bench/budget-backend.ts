import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { MANIFEST_TYPE, REPOSITORY, type Fixture } from './fixture.ts';

/** A registry that answers always the same, in the process of the benchmark. */
export interface FixedBackend {
  readonly address: string;
  /** It keeps nothing. */
  readonly data: undefined;
  close(): Promise<void>;
}

const UPLOAD = `/v2/${REPOSITORY}/blobs/uploads/of-these-measurements`;

/** Serves the fixture's tree, and takes every upload without keeping it. */
export async function startFixedBackend({ folder }: Fixture): Promise<FixedBackend> {
  const tree = join(folder, 'tree');
  const server = createServer((req, res) => {
    answer(tree, req, res).catch(() => res.destroy());
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    data: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(tree: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { method = '', url = '' } = req;
  res.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  if (method === 'GET' || method === 'HEAD') return answerRead(tree, req, res);
  for await (const chunk of req) void chunk;
  const isDone = method === 'PUT';
  const digest = new URL(url, 'http://registry').searchParams.get('digest') ?? '';
  const location = isDone ? `/v2/${REPOSITORY}/blobs/${digest}` : UPLOAD;
  res.writeHead(isDone ? 201 : 202, { Location: location, Range: '0-0', 'Content-Length': 0 }).end();
}

async function answerRead(
  tree: string,
  { method, url = '' }: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (url === '/v2/') {
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 2 }).end('{}');
    return;
  }
  const path = join(tree, url);
  const { size } = await stat(path);
  const type = url.includes('/manifests/') ? MANIFEST_TYPE : 'application/octet-stream';
  res.writeHead(200, { 'Content-Type': type, 'Content-Length': size });
  if (method === 'HEAD') res.end();
  else createReadStream(path).pipe(res);
}
