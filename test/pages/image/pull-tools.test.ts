import { describe, expect, it } from 'vitest';
import { storeManifest } from '../../../src/images/model/manifest.ts';
import { bytesOf } from '../../support/image-content.ts';
import { makeKind, type KindName } from '../../support/image-kinds.ts';
import { createImagePages } from '../../support/image-pages.ts';
import { memoryRepository } from '../../support/memory-registry.ts';

/** A repository that holds one kind, and the tags of it that are not `1`. */
async function openKind(name: KindName): Promise<{
  readonly page: (tag: string) => Promise<string>;
  readonly others: readonly string[];
  readonly digest: string;
}> {
  const kind = await makeKind(name);
  const repository = memoryRepository();
  for (const blob of kind.blobs) repository.blobs.set(blob.digest, await bytesOf(blob));
  for (const manifest of kind.manifests)
    repository.manifests.set(manifest.digest, storeManifest(await bytesOf(manifest), manifest.mediaType));
  repository.tags.set('1', kind.root.digest);
  for (const [tag, { digest }] of kind.tags) repository.tags.set(tag, digest);
  const get = createImagePages(repository);
  return {
    page: async (tag) => (await get(`/r/team/app/-/image/${tag}`)).text,
    others: [...kind.tags.keys()],
    digest: kind.root.digest,
  };
}

function toolsOf(page: string): readonly string[] {
  return [...page.matchAll(/data-tool="([a-z]+)"/g)].map(([, tool = '']) => tool);
}

const IMAGE = ['docker', 'podman', 'containerd', 'oras'];

describe('the tools that the page of an image has lines for', () => {
  it.each<readonly [KindName, readonly string[]]>([
    ['oci', IMAGE],
    ['platforms', IMAGE],
    ['attested', IMAGE],
    ['helm', ['helm', 'oras']],
    ['sbom', ['oras']],
    ['cosign-tag', [...IMAGE, 'cosign']],
  ])('%s', async (name, tools) => {
    const { page } = await openKind(name);
    expect(toolsOf(await page('1'))).toEqual(tools);
  });

  it('a signature under a tag of cosign is none that runs, and names what it has signed', async () => {
    const { page, others, digest } = await openKind('cosign-tag');
    const tag = others.find((it) => it.endsWith('.sig')) ?? '';
    const signature = await page(tag);
    expect(toolsOf(signature)).toEqual(['oras', 'cosign']);
    expect(signature).toContain(`cosign verify --key cosign.pub registry.lan/team/app@${digest}`);
    expect(signature).not.toContain('Dockerfile');
  });
});
