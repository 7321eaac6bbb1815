import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { openRegistry, type RegistryOptions } from '../../../src/images/client/open-registry.ts';
import type { Credential } from '../../../src/images/credentials/credential.ts';
import { makeDescriptor, type Descriptor } from '../../../src/images/model/descriptor.ts';
import type { Pieces, Registry } from '../../../src/images/store.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { digestOf } from '../../../src/oci/digest.ts';

export interface Request {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Scripted {
  /** `127.0.0.1:PORT`. */
  readonly name: string;
  readonly url: string;
  /** What was asked, in order. */
  readonly requests: readonly Request[];
}

/** A server that answers as the script says. It ends with the test. */
export async function startScripted(
  answer: (request: Request, response: ServerResponse, raw: IncomingMessage) => unknown,
  options: { readonly readBody?: boolean; readonly server?: Server } = {},
): Promise<Scripted> {
  const requests: Request[] = [];
  const server = (options.server ?? createServer()).on(
    'request',
    (raw: IncomingMessage, response: ServerResponse) => {
      raw.on('error', () => undefined);
      response.on('error', () => undefined);
      void (async () => {
        const pieces: Buffer[] = [];
        if (options.readBody !== false)
          for await (const piece of raw) pieces.push(Buffer.from(piece as Uint8Array));
        const request = {
          method: raw.method ?? '',
          url: raw.url ?? '',
          headers: raw.headers,
          body: Buffer.concat(pieces),
        };
        requests.push(request);
        await answer(request, response, raw);
      })().catch(() => raw.destroy());
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { name: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, requests };
}

/** Sends a whole answer. */
export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): void {
  response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers }).end(body);
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, 200, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
}

/** Opens a registry of plain HTTP that is asked again at once. It ends with the test. */
export function openScripted(name: string, options: Partial<RegistryOptions> = {}): Registry {
  const registry = openRegistry({
    name,
    isPlain: true,
    pauses: { attempts: 4, first: 1, longest: 5 },
    ...options,
  });
  onTestFinished(() => registry.close());
  return registry;
}

export const ALICE: Credential = { kind: 'password', user: 'alice', password: new Secret('wonderland') };

export function blobOf(bytes: Buffer): Descriptor {
  return makeDescriptor({
    mediaType: 'application/octet-stream',
    digest: digestOf('sha256', bytes),
    size: bytes.length,
  });
}

export async function bytesOf(pieces: Pieces): Promise<Buffer> {
  const all: Buffer[] = [];
  // A piece is valid until the next one is asked for.
  for await (const piece of pieces) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}

export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Gives bytes from a position on, in pieces. */
export function reading(bytes: Buffer, piece = 65_536): (from?: number) => Pieces {
  return async function* (from = 0) {
    for (let at = from; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  };
}
