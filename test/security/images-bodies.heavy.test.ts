import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blobOf, bytesOf, openScripted, send, startScripted } from '../images/client/scripted.ts';

const BYTES = Buffer.alloc(100_000, 7);
const BLOB = blobOf(BYTES);
const DIGEST = `sha256:${'0'.repeat(64)}`;

/** A server that sends this, and then a piece for as long as it is read. */
async function startEndless(head: string, piece: Buffer): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(head);
      const more = (): void => {
        if (!socket.destroyed) socket.write(piece, () => setImmediate(more));
      };
      more();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const MEGABYTE = Buffer.alloc(1_000_000, 'a');
const CHUNK = Buffer.concat([Buffer.from('f4240\r\n'), MEGABYTE, Buffer.from('\r\n')]);
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

describe('bodies of a registry', () => {
  it.each<readonly [name: string, read: (name: string) => Promise<unknown>]>([
    ['a manifest', (name) => openScripted(name).repository('team/app').readManifest('1')],
    [
      'a page',
      async (name) => openScripted(name).repository('team/app').listTags()[Symbol.asyncIterator]().next(),
    ],
  ])('%s without end is refused', async (_name, read) => {
    await expect(read(await startEndless(CHUNKED, CHUNK))).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
    });
  });

  it('a layer without end is cut where it should end', async () => {
    const name = await startEndless(CHUNKED, CHUNK);
    await expect(bytesOf(openScripted(name).repository('team/app').readBlob(BLOB))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('a head without end is refused', async () => {
    const name = await startEndless('HTTP/1.1 200 OK\r\n', Buffer.from(`x: ${'y'.repeat(1000)}\r\n`));
    await expect(openScripted(name).repository('team/app').readManifest('1')).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
    });
  });

  it.each<readonly [name: string, body: Buffer]>([
    ['other bytes', Buffer.alloc(BYTES.length, 8)],
    ['fewer bytes', BYTES.subarray(1)],
    ['more bytes', Buffer.concat([BYTES, BYTES])],
    ['no bytes', Buffer.alloc(0)],
  ])('a layer of %s is refused', async (_name, body) => {
    const server = await startScripted((_request, response) => send(response, 200, {}, body));
    const reading = bytesOf(openScripted(server.name).repository('team/app').readBlob(BLOB));
    await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it.each<readonly [name: string, reference: string, headers: Readonly<Record<string, string>>]>([
    ['asked for by digest', DIGEST, {}],
    ['whose digest is stated', '1', { 'docker-content-digest': DIGEST }],
  ])('a manifest of another digest is refused: one %s', async (_name, reference, headers) => {
    const server = await startScripted((_request, response) => send(response, 200, headers, '{}'));
    await expect(
      openScripted(server.name).repository('team/app').readManifest(reference),
    ).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('a registry that stores something else than it was sent is found out', async () => {
    const server = await startScripted((_request, response) =>
      send(response, 201, { 'docker-content-digest': DIGEST }),
    );
    const bytes = Buffer.from('{}');
    const manifest = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: blobOf(bytes).digest,
      bytes,
    };
    await expect(
      openScripted(server.name).repository('team/app').putManifest(manifest, ['1']),
    ).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it.each<readonly [name: string, head: string]>([
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\n'],
    ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nabc'],
  ])('a registry that sends %s and then stalls is left', async (_name, head) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(head));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const name = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const registry = openScripted(name, { times: { head: 50, idle: 50 }, pauses: { attempts: 2, first: 1 } });
    await expect(bytesOf(registry.repository('team/app').readBlob(BLOB))).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
    });
  });
});
