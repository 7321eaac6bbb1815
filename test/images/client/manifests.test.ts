import { describe, expect, it } from 'vitest';
import { makeDescriptor } from '../../../src/images/model/descriptor.ts';
import { storeManifest } from '../../../src/images/model/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/images/model/media-types.ts';
import { blobOf, openScripted, send, startScripted } from './scripted.ts';

const CONFIG = makeDescriptor(blobOf(Buffer.from('{}')));

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
