import { describe, expect, it } from 'vitest';
import { judgeManifest, readManifest, referencesOf } from '../../src/embedded/manifest.ts';
import { digestOf, image, index, OCI_MANIFEST } from './spec-client.ts';

const CONFIG = digestOf('config');
const LAYER = digestOf('layer');
const of = (text: string): Buffer => Buffer.from(text);

describe('what a manifest says', () => {
  it('names what it needs', () => {
    const subject = { mediaType: OCI_MANIFEST, digest: digestOf('subject'), size: 1 };
    const outcome = judgeManifest(
      of(image(CONFIG, LAYER, { subject, annotations: { a: 'b', c: 1 } }).bytes),
      undefined,
    );
    expect(outcome).toMatchObject({
      ok: true,
      manifest: {
        blobs: [{ text: CONFIG }, { text: LAYER }],
        optional: [],
        subject: { text: subject.digest },
        annotations: { a: 'b' },
      },
    });
  });

  it('names the children of an index, which may be missing', () => {
    const child = image(CONFIG, LAYER);
    const outcome = judgeManifest(of(index([child]).bytes), undefined);
    expect(outcome).toMatchObject({ ok: true, manifest: { blobs: [], optional: [{ text: child.digest }] } });
  });

  it.each([
    { name: 'not UTF-8', bytes: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) },
    { name: 'a byte order mark', bytes: of(`\uFEFF${image(CONFIG, LAYER).bytes}`) },
    { name: 'null', bytes: of('null') },
    { name: 'deep nesting', bytes: of(`{"schemaVersion":2,"a":${'['.repeat(100_000)}`) },
    {
      name: 'a media type out of Object.prototype',
      bytes: of('{"schemaVersion":2,"mediaType":"constructor"}'),
    },
    { name: 'layers that are no list', bytes: of(image(CONFIG, LAYER, { layers: {} }).bytes) },
    {
      name: 'a layer without a digest',
      bytes: of(image(CONFIG, LAYER, { layers: [{ mediaType: 'x' }] }).bytes),
    },
    { name: 'a digest with a path in it', bytes: of(image('sha256:../../../etc/passwd', LAYER).bytes) },
    {
      name: 'a digest in capitals',
      bytes: of(image(CONFIG.toUpperCase().replace('SHA', 'sha'), LAYER).bytes),
    },
    { name: 'a subject without a digest', bytes: of(image(CONFIG, LAYER, { subject: {} }).bytes) },
    { name: 'an unknown media type', bytes: of(image(CONFIG, LAYER, { mediaType: 'text/plain' }).bytes) },
  ])('is refused: $name', ({ bytes }) => {
    expect(judgeManifest(bytes, undefined).ok).toBe(false);
  });

  it.each([
    { contentType: undefined, ok: true },
    { contentType: OCI_MANIFEST, ok: true },
    { contentType: `${OCI_MANIFEST.toUpperCase()}; charset=utf-8`, ok: true },
    { contentType: 'application/json', ok: true },
    { contentType: 'application/vnd.oci.image.index.v1+json', ok: false },
  ])('with Content-Type $contentType', ({ contentType, ok }) => {
    expect(judgeManifest(of(image(CONFIG, LAYER).bytes), contentType).ok).toBe(ok);
  });

  it("reads Docker's first format where it stands, and takes it from nobody", () => {
    const bytes = of(JSON.stringify({ schemaVersion: 1, fsLayers: [{ blobSum: LAYER }, { blobSum: 'x' }] }));
    expect(judgeManifest(bytes, undefined).ok).toBe(false);
    const manifest = readManifest(bytes);
    expect(manifest?.mediaType).toBe('application/vnd.docker.distribution.manifest.v1+prettyjws');
    expect(manifest === undefined ? [] : referencesOf(manifest).map(({ text }) => text)).toEqual([LAYER]);
  });
});
