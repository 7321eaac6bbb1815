import { describe, expect, it } from 'vitest';
import { makeDescriptor } from '../../../src/images/model/descriptor.ts';
import { parseManifest, storeManifest } from '../../../src/images/model/manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../../../src/images/model/media-types.ts';
import { createdOf } from '../../../src/images/remove/created.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { memoryRepository } from '../../support/memory-registry.ts';

const MOMENT = Date.UTC(2026, 0, 2);

describe('the time of an image', () => {
  it.each<readonly [name: string, config: string, moment: number | undefined]>([
    ['as its config states it', '{"created":"2026-01-02T00:00:00Z"}', MOMENT],
    ['in any case, as Docker reads it', '{"Created":"2026-01-02T00:00:00Z"}', MOMENT],
    [
      'stated twice, of which programs read another',
      '{"created":"2025-01-02T00:00:00Z","created":"2026-01-02T00:00:00Z"}',
      undefined,
    ],
    ['in what is no JSON', 'created: yesterday', undefined],
  ])('%s', async (_name, text, moment) => {
    const repository = memoryRepository();
    const bytes = Buffer.from(text);
    const config = makeDescriptor({
      mediaType: OCI_CONFIG,
      digest: digestOf('sha256', bytes),
      size: bytes.length,
    });
    repository.blobs.set(config.digest.text, bytes);
    const json = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: config.json, layers: [] };
    const stored = storeManifest(Buffer.from(JSON.stringify(json)), OCI_MANIFEST);
    expect(await createdOf(repository, parseManifest(stored))).toBe(moment);
  });
});
