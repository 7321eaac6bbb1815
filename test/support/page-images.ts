import { gzipSync } from 'node:zlib';
import { openRegistry } from '../../src/images/client/open-registry.ts';
import type { Descriptor } from '../../src/images/model/descriptor.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../src/images/model/media-types.ts';
import type { Registry, Repository } from '../../src/images/store.ts';
import { Secret } from '../../src/lib/secret.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { pushBytes, pushDocument } from './push-image.ts';
import type { TestGate } from './test-gate.ts';

/** What a hostile image says of itself. */
export const HOSTILE = {
  markup: '<script>alert(1)</script><img src=x onerror=alert(2)>',
  turned: 'invoice\u202excod.exe',
  long: 'x'.repeat(1_000_000),
} as const;

/** The registry of a gate, as its user. */
export function registryOf(gate: TestGate): Registry {
  const password = new Secret(gate.password);
  return openRegistry({
    name: `127.0.0.1:${gate.port}`,
    trust: async () => ({ authorities: [gate.ca] }),
    credential: async () => ({ kind: 'password', user: gate.user, password }),
  });
}

interface PageImage {
  /** The tars of its layers. */
  readonly layers: readonly Buffer[];
  readonly config?: object;
  readonly architecture?: string;
  readonly tags?: readonly string[];
}

export async function putImage(
  repository: Repository,
  { layers, config = {}, architecture = 'amd64', tags = [] }: PageImage,
): Promise<Descriptor> {
  const own: Descriptor[] = [];
  for (const tar of layers) own.push(await pushBytes(repository, gzipSync(tar), `${OCI_LAYER}+gzip`));
  const document = {
    os: 'linux',
    architecture,
    created: '2026-01-02T03:04:05Z',
    rootfs: { type: 'layers', diff_ids: layers.map((tar) => digestOf('sha256', tar).text) },
    ...config,
  };
  const described = await pushBytes(repository, Buffer.from(JSON.stringify(document)), OCI_CONFIG);
  const manifest = { config: described.json, layers: own.map(({ json }) => json) };
  return pushDocument(repository, OCI_MANIFEST, manifest, tags);
}

interface PageArtifact {
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
}

export async function putArtifact(repository: Repository, artifact: PageArtifact): Promise<Descriptor> {
  const { artifactType, layers, subject, annotations, tags = [] } = artifact;
  const config =
    artifact.config ?? (await pushBytes(repository, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json'));
  const document = {
    artifactType,
    config: config.json,
    layers: layers.map(({ json }) => json),
    subject: subject?.json,
    annotations,
  };
  return pushDocument(repository, OCI_MANIFEST, document, tags);
}

/** An index of two platforms, with an attestation of the first as BuildKit makes it. */
export async function putPlatforms(repository: Repository, tags: readonly string[]): Promise<Descriptor> {
  const images: Descriptor[] = [];
  for (const architecture of ['amd64', 'arm64'])
    images.push(await putImage(repository, { layers: [Buffer.alloc(1024)], architecture }));
  const [first] = images;
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [{ name: 'it', digest: { sha256: first?.digest.hex } }],
    predicateType: 'https://spdx.dev/Document',
    predicate: { name: HOSTILE.markup },
  };
  const bytes = Buffer.from(JSON.stringify(statement));
  const layer = await pushBytes(repository, bytes, 'application/vnd.in-toto+json', {
    annotations: { 'in-toto.io/predicate-type': 'https://spdx.dev/Document' },
  });
  const config = await pushBytes(repository, Buffer.from('{"os":"unknown"}'), OCI_CONFIG);
  const attestation = await putArtifact(repository, { config, layers: [layer] });
  const manifests = [
    ...images.map(({ json }, at) => ({
      ...json,
      platform: { os: 'linux', architecture: ['amd64', 'arm64'][at] },
    })),
    {
      ...attestation.json,
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.digest': first?.digest.text },
    },
  ];
  return pushDocument(repository, OCI_INDEX, { manifests }, tags);
}
