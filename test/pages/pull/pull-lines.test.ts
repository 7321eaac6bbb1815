import { describe, expect, it } from 'vitest';
import { pullLines } from '../../../src/pages/pull/pull-lines.ts';

const NAME = 'registry.lan:8443/team/app';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const PULLED = { name: NAME, reference: '1.2.0', kind: 'image', signed: undefined } as const;

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
    expect(toolsOf({ signed: DIGEST })['cosign']).toEqual([
      `cosign verify --key cosign.pub ${NAME}@${DIGEST}`,
    ]);
  });

  it('a chart are those of helm, whose versions hold a plus where tags hold none', () => {
    expect(toolsOf({ kind: 'chart', reference: '1.2.0_build.7' })).toEqual({
      helm: [`helm pull oci://${NAME} --version 1.2.0+build.7`],
      oras: [`oras pull ${NAME}:1.2.0_build.7`],
    });
  });

  it('an artifact are those of oras', () => {
    expect(toolsOf({ kind: 'artifact' })).toEqual({ oras: [`oras pull ${NAME}:1.2.0`] });
  });

  it.each([
    ['image', 'docker', `docker pull ${NAME}@${DIGEST}`],
    ['image', 'oras', `oras copy ${NAME}@${DIGEST} --to-oci-layout app`],
    ['chart', 'oras', `oras pull ${NAME}@${DIGEST}`],
  ] as const)('one by its digest name the digest: %s by %s', (kind, tool, line) => {
    const tools = toolsOf({ kind, reference: DIGEST });
    expect(tools[tool]).toEqual([line]);
    // Helm finds charts by their versions.
    expect(tools).not.toHaveProperty('helm');
  });
});
