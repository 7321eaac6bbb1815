import { describe, expect, it } from 'vitest';
import { artifactKind } from '../../../src/pages/repositories/tags/artifact-kind.ts';

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
