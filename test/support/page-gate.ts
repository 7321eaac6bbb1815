import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import type { Descriptor } from '../../src/images/model/descriptor.ts';
import { schema } from '../../src/config/schema/schema.ts';
import { tarOf } from './image-content.ts';
import { putArtifact, putImage, putPlatforms, registryOf } from './page-images.ts';
import { PageClient } from './page-client.ts';
import { temporaryFolder, until } from './programs.ts';
import { pushBytes } from './push-image.ts';
import { startTestGate, TEST_PASSWORD, type TestGate } from './test-gate.ts';

/** `alice` owns the registry, `bob` may pull from a part of it, `carol` from nothing but what is open to everybody. */
const ACCESS = `owners: alice
rules:
  - { who: alice, repositories: "**", allow: [pull, push, delete] }
  - { who: bob, repositories: "team/**", allow: pull }
  - { who: anonymous, repositories: "open/**", allow: pull }
`;

/** A gate with all of its pages, users who all have `TEST_PASSWORD`, and images in the embedded registry. */
export interface PageGate {
  readonly gate: TestGate;
  /** `https://127.0.0.1:PORT`. */
  readonly base: string;
  readonly state: string;
  readonly audit: string;
  close(): Promise<void>;
}

export interface PageGateOptions {
  /** Default: the registry inside the gate. */
  readonly backend?: string;
  /** The access file. Default: that above. */
  readonly access?: string;
  /** An address to listen on beside 127.0.0.1, at a port of its own. */
  readonly address?: string;
}

/** Two wrong passwords lock nobody out, and the third does. */
export const WRONG_PASSWORDS = 3;

export async function startPageGate({
  backend,
  access = ACCESS,
  address,
}: PageGateOptions = {}): Promise<PageGate> {
  const folder = await temporaryFolder('page-gate');
  const at = (name: string): string => join(folder.path, name);
  const hash = await bcrypt.hash(TEST_PASSWORD, 4);
  const users = ['alice', 'bob', 'carol', 'dora'].map((user) => `${user}:${hash}\n`).join('');
  await mkdir(at('state'));
  await writeFile(at('access.yml'), access);
  await writeFile(at('htpasswd'), users, { mode: 0o600 });
  const others = address === undefined ? [] : [`${address}:0`];
  const { abuse, listen } = schema.parse({
    abuse: { wrongPasswords: WRONG_PASSWORDS },
    listen: ['127.0.0.1:0', ...others],
  });
  const gate = await startTestGate({
    backend: backend ?? `embedded:${at('data')}`,
    config: {
      access: at('access.yml'),
      users: at('htpasswd'),
      abuse,
      listen,
      pages: 'on',
      state: at('state'),
      audit: { file: at('audit.log'), chain: false },
    },
  });
  return {
    gate,
    base: `https://127.0.0.1:${gate.port}`,
    state: at('state'),
    audit: at('audit.log'),
    close: async () => {
      await gate.close();
      await folder.close();
    },
  };
}

/** The versions of `team/app`, as a page lists them: each has a layer of its own above one that all have. */
export const VERSIONS = ['1.10.0', '1.9.3', '1.9.0', '1.8.0', '1.2.0'] as const;

export interface ShownThings {
  /** The image of `team/app:1.10.0`, and its SBOM. */
  readonly image: Descriptor;
  readonly sbom: Descriptor;
}

/** Pushes through the gate what its pages show: images, an index of two platforms, a chart, an SBOM and a signature. */
export async function pushShownThings({ gate }: Pick<PageGate, 'gate'>): Promise<ShownThings> {
  const registry = registryOf(gate);
  const app = registry.repository('team/app');
  const base = await tarOf([
    { name: 'etc/', type: 'directory', mode: 0o755 },
    { name: 'etc/app.conf', text: 'listen 8080\n' },
    { name: 'etc/gone.conf', text: 'gone\n' },
  ]);
  const pushed: Descriptor[] = [];
  for (const version of VERSIONS) {
    const own = await tarOf([
      { name: 'app/version', text: version },
      { name: 'etc/.wh.gone.conf', text: '' },
    ]);
    pushed.push(await putImage(app, { layers: [base, own], tags: [version], config: configOf(version) }));
  }
  const [image] = pushed;
  if (image === undefined) throw new Error('nothing was pushed');
  await putPlatforms(registry.repository('team/web'), ['2.0']);
  await putImage(registry.repository('open/docs'), { layers: [base], tags: ['1'] });
  await putImage(registry.repository('secret/plans'), { layers: [base], tags: ['1'] });
  const bytes = Buffer.from('{"spdxVersion":"SPDX-2.3","packages":[{"name":"express"}]}');
  const sbom = await putArtifact(app, {
    artifactType: 'application/spdx+json',
    layers: [await pushBytes(app, bytes, 'application/spdx+json')],
    subject: image,
  });
  const payload = Buffer.from(`{"critical":{"image":{"docker-manifest-digest":"${image.digest.text}"}}}`);
  const cosign = 'application/vnd.dev.cosign.simplesigning.v1+json';
  await putArtifact(app, {
    artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
    layers: [await pushBytes(app, payload, cosign)],
    subject: image,
  });
  const chart = registry.repository('charts/web');
  await putArtifact(chart, {
    config: await pushBytes(chart, Buffer.from('{"name":"web"}'), 'application/vnd.cncf.helm.config.v1+json'),
    layers: [await pushBytes(chart, Buffer.from('x'), 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')],
    annotations: { 'org.opencontainers.image.title': 'web', 'org.opencontainers.image.version': '1.4.0' },
    tags: ['1.4.0'],
  });
  await registry.close();
  return { image, sbom };
}

function configOf(version: string): object {
  return {
    config: {
      Env: ['PATH=/bin', `VERSION=${version}`],
      Entrypoint: ['/app/run'],
      ExposedPorts: { '8080/tcp': {} },
      Volumes: { '/data': {} },
      User: 'app',
      Labels: { team: 'app' },
    },
    history: [
      { created_by: '/bin/sh -c #(nop) ADD file:0123456789abcdef in / ' },
      { created_by: `RUN /bin/sh -c echo ${version} > /app/version # buildkit` },
      { created_by: 'USER app', empty_layer: true },
    ],
  };
}

/** Waits until the inventory has read so much that each page, by its path, has its text for `alice`. */
export async function untilShown(
  { gate }: Pick<PageGate, 'gate'>,
  pages: Readonly<Record<string, string>>,
): Promise<void> {
  const client = new PageClient(gate);
  await client.signIn('alice', TEST_PASSWORD);
  for (const [path, text] of Object.entries(pages)) {
    await until(
      async () => ((await client.get(path)).body.includes(text) ? true : undefined),
      () => `${path} does not show ${text}`,
    );
  }
}
