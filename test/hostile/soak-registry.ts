import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LAYER, MANIFEST } from './soak-content.ts';

/**
 * A registry that keeps nothing, as a program of its own: the same manifest and the same layer whatever is asked for,
 * and uploads whose digest is looked at. What a soak measures is the gate before it.
 */

const manifestDigest = digestOf(MANIFEST);

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function give(res: ServerResponse, bytes: Buffer, digest: string): void {
  res.writeHead(200, {
    'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
    'Content-Length': bytes.length,
    'Docker-Content-Digest': digest,
  });
  res.end(bytes);
}

function take(req: IncomingMessage, res: ServerResponse, path: string): void {
  const hash = createHash('sha256');
  req.on('data', (chunk: Buffer) => hash.update(chunk));
  req.on('end', () => {
    const digest = `sha256:${hash.digest('hex')}`;
    const isRight = path.includes(digest.replace(':', '%3A')) || path.includes(digest);
    res.writeHead(isRight ? 201 : 400, { 'Content-Length': 0, 'Docker-Content-Digest': digest }).end();
  });
}

let uploads = 0;
const server = createServer((req, res) => {
  const { method = '', url = '' } = req;
  if (method === 'PUT') take(req, res, url);
  else if (method === 'POST') {
    req.resume();
    uploads += 1;
    const [name] = url.split('blobs/uploads/');
    const headers = { Location: `${name}blobs/uploads/${uploads}`, 'Content-Length': 0 };
    res.writeHead(202, headers).end();
  } else if (url === '/v2/') res.writeHead(200, { 'Content-Length': 2 }).end('{}');
  else if (url.includes('/blobs/')) give(res, LAYER, url.slice(url.lastIndexOf('/') + 1));
  else give(res, MANIFEST, manifestDigest);
});
// Short, so that what the gate keeps open between two requests is soon gone from the count.
server.keepAliveTimeout = 5000;
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`));
