import { describe, expect, it } from 'vitest';
import { parseManifest, storeManifest } from '../../../src/images/model/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/images/model/media-types.ts';

const BLOB = `"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:${'a'.repeat(64)}","size":1`;

function parse(text: string, mediaType = OCI_MANIFEST): ReturnType<typeof parseManifest> {
  return parseManifest(storeManifest(Buffer.from(text), mediaType));
}

function manyNames(count: number): string {
  return Array.from({ length: count }, (_none, at) => `"${at}":""`).join();
}

describe('a manifest that programs would read in different ways is refused', () => {
  it.each<readonly [string, string, string]>([
    ['Layers', `{"config":{${BLOB}},"layers":[],"Layers":[{${BLOB}}]}`, 'layers is spelt "Layers"'],
    ['only Layers', `{"config":{${BLOB}},"Layers":[{${BLOB}}]}`, 'layers is spelt "Layers"'],
    ['Config', `{"Config":{${BLOB}}}`, 'config is spelt "Config"'],
    ['a long s', `{"config":{${BLOB}},"layer\u017f":[]}`, 'layers is spelt'],
    ['Digest', `{"config":{${BLOB},"Digest":"sha256:b"}}`, 'digest is spelt "Digest"'],
    ['Manifests', '{"manifests":[],"Manifests":[]}', 'manifests is spelt "Manifests"'],
    ['OS of a platform', `{"manifests":[{${BLOB},"platform":{"os":"linux","OS":"x"}}]}`, 'os is spelt "OS"'],
    ['layers twice', `{"config":{${BLOB}},"layers":[{${BLOB}}],"layers":[]}`, 'has a name twice'],
    ['more names than 16,384', `{"annotations":{${manyNames(16_385)}}}`, 'has too many names'],
    ['a digest twice', `{"config":{${BLOB},"\\u0064igest":"x"}}`, 'has a name twice'],
  ])('%s', (_name, text, message) => {
    expect(() => parse(text, text.includes('manifests') ? OCI_INDEX : OCI_MANIFEST)).toThrow(message);
  });

  it('but not for names that the specification does not know', () => {
    const annotations = '"annotations":{"Layers":"1","layers":"2","{\\"layers\\":[,":""}';
    const text = `{"config":{${BLOB}},"layers":[{${BLOB},${annotations}},{${BLOB}}],"x":["a","a"],"X":"x",${annotations}}`;
    expect(parse(text)).toMatchObject({ kind: 'image', layers: [{ size: 1 }, { size: 1 }] });
  });
});
