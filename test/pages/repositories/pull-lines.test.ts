import { describe, expect, it } from 'vitest';
import { artifactKind } from '../../../src/pages/repositories/tags/artifact-kind.ts';
import { pullLines } from '../../../src/pages/repositories/tags/pull-lines.ts';

const NAME = 'registry.lan:8443/team/app';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const PULLED = { name: NAME, tag: '1.2.0', digest: DIGEST, kind: 'image', isSigned: false } as const;

function toolsOf(
  change: Partial<Parameters<typeof pullLines>[0]>,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(pullLines({ ...PULLED, ...change }).map(({ tool, lines }) => [tool, lines]));
}

describe('the lines that fetch', () => {
  it('an image name each client of images', () => {
    expect(toolsOf({})).toEqual({
      docker: [`docker pull ${NAME}:1.2.0`],
      podman: [`podman pull ${NAME}:1.2.0`],
      containerd: [
        `nerdctl pull ${NAME}:1.2.0`,
        `ctr images pull --hosts-dir /etc/containerd/certs.d ${NAME}:1.2.0`,
      ],
      oras: [`oras copy ${NAME}:1.2.0 --to-oci-layout app:1.2.0`],
    });
  });

  it('a signed image verify it by its digest', () => {
    expect(toolsOf({ isSigned: true })['cosign']).toEqual([
      `cosign verify --key cosign.pub ${NAME}@${DIGEST}`,
    ]);
  });

  it('a chart are those of helm, whose versions hold a plus where tags hold none', () => {
    expect(toolsOf({ kind: 'chart', tag: '1.2.0_build.7' })).toEqual({
      helm: [`helm pull oci://${NAME} --version 1.2.0+build.7`],
      oras: [`oras pull ${NAME}:1.2.0_build.7`],
    });
  });

  it.each(['sbom', 'attestation', 'signature', 'other'] as const)(
    'an artifact (%s) are those of oras',
    (kind) => {
      expect(toolsOf({ kind })).toEqual({ oras: [`oras pull ${NAME}:1.2.0`] });
    },
  );
});

describe('what is behind a tag', () => {
  it.each([
    ['1.0', undefined, 'image'],
    ['1.0', 'application/vnd.cncf.helm.config.v1+json', 'chart'],
    ['1.0', 'application/vnd.cyclonedx+json', 'sbom'],
    ['1.0', 'application/vnd.example.thing', 'other'],
    [`sha256-${'a'.repeat(64)}.sig`, undefined, 'signature'],
    [`sha256-${'a'.repeat(64)}.att`, undefined, 'attestation'],
    [`sha256-${'a'.repeat(64)}.sbom`, undefined, 'sbom'],
    ['release.sig', undefined, 'image'],
  ])('%s of type %s is: %s', (tag, artifactType, kind) => {
    expect(artifactKind({ tag, artifactType })).toBe(kind);
  });
});
