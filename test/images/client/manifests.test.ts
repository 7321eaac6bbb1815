import { describe, expect, it } from 'vitest';
import { makeDescriptor } from '../../../src/images/model/descriptor.ts';
import { storeManifest } from '../../../src/images/model/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/images/model/media-types.ts';
import { blobOf, openScripted, send, startScripted } from './scripted.ts';

const CONFIG = makeDescriptor(blobOf(Buffer.from('{}')));

describe('a manifest whose answer ends with the connection', () => {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }));
  const { digest } = blobOf(bytes);
  /** Cut off after so many bytes. */
  const start = (headers: Readonly<Record<string, string>>, length = bytes.length) =>
    startScripted((_request, response) => {
      response.useChunkedEncodingByDefault = false;
      response.shouldKeepAlive = false;
      response.writeHead(200, { 'content-type': OCI_INDEX, ...headers }).end(bytes.subarray(0, length));
      response.removeHeader('content-length');
    });

  it.each<readonly [name: string, reference: string, headers: Readonly<Record<string, string>>]>([
    ['asked for by digest', digest.text, {}],
    ['whose digest the registry states', '1', { 'docker-content-digest': digest.text }],
  ])('is read whole or not at all: %s', async (_name, reference, headers) => {
    const whole = await start(headers);
    const stored = await openScripted(whole.name).repository('team/app').readManifest(reference);
    expect(stored?.bytes.equals(bytes)).toBe(true);
    const half = await start(headers, 20);
    await expect(openScripted(half.name).repository('team/app').readManifest(reference)).rejects.toThrow(
      'not the digest that it should have',
    );
  });

  it('is refused where no digest tells whether it is whole', async () => {
    const { name } = await start({});
    await expect(openScripted(name).repository('team/app').readManifest('1')).rejects.toThrow(
      'neither a length nor chunks',
    );
  });
});

describe('a manifest that is stored', () => {
  it.each<readonly [name: string, json: object, mediaType: string, sent: string]>([
    ['an image that says nothing', { config: CONFIG.json, layers: [] }, '', OCI_MANIFEST],
    ['an index that says nothing', { manifests: [] }, '', OCI_INDEX],
    ['one whose descriptor says it', { manifests: [] }, 'application/x-index', 'application/x-index'],
    ['one that says it itself', { mediaType: OCI_INDEX, manifests: [] }, '', OCI_INDEX],
  ])('has a type: %s', async (_name, json, mediaType, sent) => {
    const server = await startScripted((_request, response) => send(response, 201));
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...json }));
    await openScripted(server.name)
      .repository('team/app')
      .putManifest(storeManifest(bytes, mediaType), ['1']);
    expect(server.requests.map(({ headers }) => headers['content-type'])).toEqual([sent]);
  });
});
