import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import { openRegistry } from '../src/images/client/open-registry.ts';
import { makeDescriptor, type Descriptor } from '../src/images/model/descriptor.ts';
import { storeManifest } from '../src/images/model/manifest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../src/images/model/media-types.ts';
import type { Registry, Repository } from '../src/images/store.ts';
import { Secret } from '../src/lib/secret.ts';
import { bytesOf, packLayer, tarOf, type Entry, type Layer } from '../test/support/image-content.ts';
import { putArtifact } from '../test/support/page-images.ts';
import { pushBytes } from '../test/support/push-image.ts';
import { startTestGate, TEST_PASSWORD, type TestGate } from '../test/support/test-gate.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.now();
const PEOPLE = ['minji', 'jonas', 'ci-build'] as const;

const ACCESS = `owners: minji
groups:
  dev: [minji, jonas]
rules:
  - { who: minji, repositories: "**", allow: [pull, push, delete] }
  - { who: group:dev, repositories: ["base/**", "charts/**", "public/**", "team/**", "tools/**"], allow: [pull, push] }
  - { who: ci-build, repositories: "**", allow: [pull, push] }
  - { who: anonymous, repositories: "public/**", allow: pull }
`;

/** What stands before the steps of one program. */
interface Base {
  readonly layers: readonly Layer[];
  readonly steps: readonly string[];
}

/** Files whose names a reader knows, and noise of so many KiB that does not get smaller when it is packed. */
function layer(seed: string, kib: number, files: readonly string[]): Promise<Layer> {
  const share = Math.max(1, Math.round((kib * 1024) / files.length));
  const entries: Entry[] = files.map((name) => {
    if (name.endsWith('/')) return { name, type: 'directory', mode: 0o755 };
    if (/\.(?:json|conf|release|js|sh)$|os-release$/.test(name)) return { name, text: textOf(name) };
    const text = noise(`${seed}/${name}`, share);
    return { name, text, mode: name.includes('bin/') ? 0o755 : 0o644 };
  });
  return tarOf(entries).then((tar) => packLayer(tar, 'oci-gzip'));
}

function textOf(name: string): string {
  if (name.endsWith('os-release')) return 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n';
  if (name.endsWith('.json'))
    return '{\n  "name": "shop",\n  "type": "module",\n  "dependencies": { "express": "5.3.0" }\n}\n';
  if (name.endsWith('.conf')) return 'server {\n  listen 8080;\n  root /srv/www;\n}\n';
  return "import express from 'express';\n\nexpress().listen(8080);\n";
}

/** Letters that gzip makes a fifth smaller. */
function noise(seed: string, length: number): string {
  const pieces: string[] = [];
  for (let at = 0, made = 0; made < length; at += 1) {
    const piece = createHash('sha512')
      .update(`${seed} ${Math.floor(at)}`)
      .digest('base64');
    pieces.push(piece);
    made += piece.length;
  }
  return pieces.join('').slice(0, length);
}

const DEBIAN = [
  'bin/',
  'boot/',
  'etc/os-release',
  'etc/nginx/',
  'root/',
  'tmp/',
  'usr/bin/bash',
  'usr/bin/perl',
  'usr/lib/libc.so.6',
  'usr/lib/libcrypto.so.3',
  'usr/share/zoneinfo/tzdata',
  'var/lib/dpkg/status',
];

async function bases(): Promise<Readonly<Record<'debian' | 'node' | 'python' | 'nginx', Base>>> {
  const system = await layer('debian', 14_000, DEBIAN);
  const first = ['ADD file:0b7d35f0a1c6a43e8ec5b1a2f7d95bd5 in / ', 'CMD ["bash"]'];
  const debian = { layers: [system], steps: first };
  const extend = async (
    name: string,
    kib: number,
    files: readonly string[],
    steps: readonly string[],
  ): Promise<Base> => ({
    layers: [system, await layer(name, kib, files)],
    steps: [...first, ...steps],
  });
  return {
    debian,
    node: await extend(
      'node',
      21_000,
      ['usr/local/bin/node', 'usr/local/bin/npm', 'usr/local/include/node.h'],
      [
        'ENV NODE_VERSION=24.18.1',
        'RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends ca-certificates && tar -xJf node.tar.xz -C /usr/local --strip-components=1 # buildkit',
      ],
    ),
    python: await extend(
      'python',
      12_000,
      ['usr/local/bin/python3.13', 'usr/local/lib/libpython3.so'],
      [
        'ENV PYTHON_VERSION=3.13.9',
        'RUN /bin/sh -c ./configure --enable-shared && make -j "$(nproc)" && make install # buildkit',
      ],
    ),
    nginx: await extend(
      'nginx',
      5_000,
      ['usr/sbin/nginx', 'etc/nginx/nginx.conf'],
      ['RUN /bin/sh -c apt-get install -y nginx # buildkit', 'EXPOSE map[80/tcp:{}]'],
    ),
  };
}

interface Wanted {
  readonly name: string;
  readonly by: (typeof PEOPLE)[number];
  readonly base: keyof Awaited<ReturnType<typeof bases>>;
  readonly kib: number;
  readonly versions: readonly string[];
  /** Days since the last push. */
  readonly age: number;
}

const REPOSITORIES: readonly Wanted[] = [
  { name: 'base/debian', by: 'minji', base: 'debian', kib: 40, versions: ['12', '12.12', '12.11'], age: 12 },
  { name: 'base/node', by: 'minji', base: 'node', kib: 60, versions: ['24', '24.18.1', '22.23.2'], age: 9 },
  { name: 'base/python', by: 'minji', base: 'python', kib: 60, versions: ['3.13', '3.12'], age: 30 },
  { name: 'base/nginx', by: 'jonas', base: 'nginx', kib: 90, versions: ['1.28', '1.27'], age: 41 },
  { name: 'public/docs', by: 'ci-build', base: 'nginx', kib: 900, versions: ['2026.11', '2026.10'], age: 2 },
  { name: 'public/status', by: 'jonas', base: 'nginx', kib: 250, versions: ['3', '2'], age: 75 },
  {
    name: 'team/cart',
    by: 'ci-build',
    base: 'node',
    kib: 1900,
    versions: ['2.4.1', '2.4.0', '2.3.7'],
    age: 0.2,
  },
  { name: 'team/catalog', by: 'ci-build', base: 'node', kib: 2600, versions: ['5.0.0', '4.12.3'], age: 1.3 },
  { name: 'team/images', by: 'ci-build', base: 'python', kib: 4800, versions: ['0.9.2', '0.9.1'], age: 4 },
  { name: 'team/mail', by: 'jonas', base: 'node', kib: 700, versions: ['1.1.0'], age: 120 },
  {
    name: 'team/payments',
    by: 'ci-build',
    base: 'node',
    kib: 3100,
    versions: ['3.8.0', '3.7.2', '3.7.1'],
    age: 0.9,
  },
  { name: 'team/search', by: 'ci-build', base: 'python', kib: 9200, versions: ['1.6.0', '1.5.4'], age: 6 },
  { name: 'team/stock', by: 'jonas', base: 'node', kib: 1200, versions: ['0.4.0'], age: 15 },
  {
    name: 'team/web',
    by: 'ci-build',
    base: 'nginx',
    kib: 3300,
    versions: ['7.2.0', '7.1.9', '7.1.8'],
    age: 0.4,
  },
  { name: 'tools/backup', by: 'minji', base: 'debian', kib: 1500, versions: ['1.3'], age: 200 },
  { name: 'tools/lint', by: 'jonas', base: 'node', kib: 5200, versions: ['2026.10'], age: 35 },
  { name: 'tools/migrate', by: 'minji', base: 'python', kib: 800, versions: ['12', '11'], age: 22 },
  { name: 'tools/sql', by: 'jonas', base: 'debian', kib: 2100, versions: ['17'], age: 58 },
];

/** Tags of all repositories: those above, three charts, and those of the shop with `latest`. */
const TAGS = REPOSITORIES.flatMap(({ versions }) => versions).length + 3 + 6 + 1;

const SHOP = ['1.10.2', '1.10.1', '1.10.0', '1.9.3', '1.9.2', '1.8.0'];

type Push = (wanted: {
  readonly repository: Repository;
  readonly base: Base;
  readonly own: readonly Layer[];
  readonly steps: readonly string[];
  readonly created: number;
  readonly architecture?: string;
  readonly tags?: readonly string[];
}) => Promise<Descriptor>;

const push: Push = async ({ repository, base, own, steps, created, architecture = 'amd64', tags = [] }) => {
  const layers = [...base.layers, ...own];
  const parts: Descriptor[] = [];
  for (const { blob } of layers) parts.push(await pushBytes(repository, await bytesOf(blob), blob.mediaType));
  const moment = new Date(created).toISOString();
  const config = {
    architecture,
    os: 'linux',
    created: moment,
    author: 'Team Shop <shop@example.org>',
    config: {
      User: 'node',
      WorkingDir: '/app',
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=production'],
      Entrypoint: ['node'],
      Cmd: ['server.js'],
      ExposedPorts: { '8080/tcp': {} },
      Healthcheck: { Test: ['CMD-SHELL', 'curl -fsS localhost:8080/ready'], Interval: 30e9, Retries: 3 },
      Labels: {
        'org.opencontainers.image.source': 'https://git.example.org/team/shop',
        'org.opencontainers.image.revision': '4f0c2ab',
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [...base.steps, ...steps].map((line, at) => ({
      created: at < base.steps.length ? new Date(NOW - 40 * DAY).toISOString() : moment,
      created_by: line,
      ...(/^(?:ADD|COPY|RUN)/.test(line) ? {} : { empty_layer: true }),
    })),
  };
  const described = await pushBytes(repository, Buffer.from(JSON.stringify(config)), OCI_CONFIG);
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: described.json,
    layers: parts.map(({ json }) => json),
  };
  return put(repository, OCI_MANIFEST, document, tags);
};

async function put(
  repository: Repository,
  mediaType: string,
  document: object,
  tags: readonly string[],
): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(document));
  const stored = storeManifest(bytes, mediaType);
  await repository.putManifest(stored, tags);
  return makeDescriptor({ mediaType, digest: stored.digest, size: bytes.length });
}

const APP_STEPS = [
  'WORKDIR /app',
  'COPY package.json package-lock.json ./ # buildkit',
  'RUN /bin/sh -c npm ci --omit=dev # buildkit',
  'COPY src ./src # buildkit',
  'EXPOSE map[8080/tcp:{}]',
  'USER node',
  'CMD ["server.js"]',
];

/** The repository that the pictures show: six versions for two platforms, attested, signed and with an SBOM. */
async function pushShop(repository: Repository, node: Base): Promise<Descriptor> {
  const dependencies = ['old', 'new'].map((seed) =>
    layer(`shop ${seed}`, 6200, [
      'app/node_modules/express/index.js',
      'app/node_modules/pg/native.node',
      'app/node_modules/sharp/sharp.node',
    ]),
  );
  const locks = await layer('shop locks', 40, ['app/package.json', 'app/package-lock.json']);
  let latest: Descriptor | undefined;
  for (const [at, version] of SHOP.toReversed().entries()) {
    const own = [
      locks,
      await (dependencies[at < 3 ? 0 : 1] as Promise<Layer>),
      await layer(`shop ${version}`, 2600 + 170 * at, [
        'app/server.js',
        'app/src/assets.bin',
        'app/src/cart.js',
        'etc/nginx/shop.conf',
      ]),
    ];
    const created = NOW - (SHOP.length - at - 1) * 6.5 * DAY - 3 * HOUR;
    const tags = version === SHOP[0] ? [version, 'latest'] : [version];
    latest = await pushPlatforms({ repository, base: node, own, created, tags });
  }
  if (latest === undefined) throw new Error('no version was pushed');
  await refer(repository, latest);
  return latest;
}

async function pushPlatforms({
  repository,
  base,
  own,
  created,
  tags,
}: {
  readonly repository: Repository;
  readonly base: Base;
  readonly own: readonly Layer[];
  readonly created: number;
  readonly tags: readonly string[];
}): Promise<Descriptor> {
  const manifests: object[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const image = await push({ repository, base, own, steps: APP_STEPS, created, architecture });
    const statement = {
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [{ name: 'pkg:docker/team/shop', digest: { sha256: image.digest.hex } }],
      predicate: {
        buildType: 'https://mobyproject.org/buildkit@v1',
        builder: { id: 'https://ci.example.org/jobs/812' },
      },
    };
    const layers = [
      await pushBytes(repository, Buffer.from(JSON.stringify(statement)), 'application/vnd.in-toto+json', {
        annotations: { 'in-toto.io/predicate-type': statement.predicateType },
      }),
    ];
    const config = await pushBytes(
      repository,
      Buffer.from('{"architecture":"unknown","os":"unknown"}'),
      OCI_CONFIG,
    );
    const attestation = await putArtifact(repository, { config, layers });
    manifests.push({ ...image.json, platform: { os: 'linux', architecture } });
    manifests.push({
      ...attestation.json,
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.digest': image.digest.text,
        'vnd.docker.reference.type': 'attestation-manifest',
      },
    });
  }
  return put(repository, OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, tags);
}

async function refer(repository: Repository, subject: Descriptor): Promise<void> {
  const sbom = {
    spdxVersion: 'SPDX-2.3',
    name: 'team/shop',
    packages: [
      { name: 'express', versionInfo: '5.3.0' },
      { name: 'openssl', versionInfo: '3.0.17' },
    ],
  };
  const layers = [await pushBytes(repository, Buffer.from(JSON.stringify(sbom)), 'application/spdx+json')];
  const annotations = { 'org.opencontainers.image.created': new Date(NOW - 3 * HOUR).toISOString() };
  const listing = await putArtifact(repository, {
    artifactType: 'application/spdx+json',
    layers,
    subject,
    annotations,
  });
  for (const signed of [subject, listing])
    await putArtifact(repository, {
      artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
      layers: [
        await pushBytes(
          repository,
          Buffer.from(
            JSON.stringify({ critical: { image: { 'docker-manifest-digest': signed.digest.text } } }),
          ),
          'application/vnd.dev.cosign.simplesigning.v1+json',
        ),
      ],
      subject: signed,
      annotations,
    });
}

async function pushCharts(registry: Registry): Promise<void> {
  for (const [name, versions] of [
    ['shop', ['1.4.0', '1.3.2']],
    ['monitoring', ['0.8.0']],
  ] as const) {
    const repository = registry.repository(`charts/${name}`);
    for (const version of versions) {
      const chart = {
        name,
        version,
        apiVersion: 'v2',
        appVersion: SHOP[0],
        description: `Runs ${name} in a cluster.`,
      };
      const config = await pushBytes(
        repository,
        Buffer.from(JSON.stringify(chart)),
        'application/vnd.cncf.helm.config.v1+json',
      );
      const layers = [
        await pushBytes(
          repository,
          Buffer.from(noise(`${name} ${version}`, 20_000)),
          'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
        ),
      ];
      await putArtifact(repository, {
        config,
        layers,
        annotations: { 'org.opencontainers.image.title': name, 'org.opencontainers.image.version': version },
        tags: [version],
      });
    }
  }
}

/** A gate of an invented shop: `minji` is its owner. */
export interface ShownRegistry {
  readonly gate: TestGate;
  readonly user: string;
  readonly password: string;
  readonly shop: Descriptor;
}

/** Fills a registry in the folder by pushes of three users, moves their times into the past, and starts a gate in front of it. */
export async function startShownRegistry(folder: string): Promise<ShownRegistry> {
  const hash = await bcrypt.hash(TEST_PASSWORD, 10);
  const users = join(folder, 'htpasswd');
  const access = join(folder, 'access.yml');
  await writeFile(users, PEOPLE.map((name) => `${name}:${hash}\n`).join(''), { mode: 0o600 });
  await writeFile(access, ACCESS);
  const start = (): Promise<TestGate> =>
    startTestGate({
      backend: `embedded:${join(folder, 'data')}`,
      config: {
        access,
        users,
        state: folder,
        pages: 'on',
        audit: { file: join(folder, 'audit.log'), chain: false },
      },
    });
  const first = await start();
  const shop = await fill(first);
  const inventory = await inventoryOf(folder);
  await settled(inventory, TAGS);
  await first.close();
  age(inventory);
  return { gate: await start(), user: PEOPLE[0], password: TEST_PASSWORD, shop };
}

async function fill(gate: TestGate): Promise<Descriptor> {
  const open = (user: string): Registry =>
    openRegistry({
      name: `127.0.0.1:${gate.port}`,
      trust: async () => ({ authorities: [gate.ca] }),
      credential: async () => ({ kind: 'password', user, password: new Secret(TEST_PASSWORD) }),
    });
  const registries = new Map(PEOPLE.map((name) => [name, open(name)]));
  const of = (name: (typeof PEOPLE)[number]): Registry => registries.get(name) as Registry;
  const all = await bases();
  for (const { name, by, base, kib, versions, age: days } of REPOSITORIES)
    for (const [at, version] of versions.toReversed().entries()) {
      const own = [
        await layer(`${name} ${version}`, kib, ['app/server.js', 'app/package.json', 'app/data.bin']),
      ];
      const created = NOW - (days + (versions.length - at - 1) * 7) * DAY - HOUR;
      await push({
        repository: of(by).repository(name),
        base: all[base],
        own,
        steps: ['COPY . /app # buildkit', 'CMD ["server.js"]'],
        created,
        tags: [version],
      });
    }
  await pushCharts(of('jonas'));
  const shop = await pushShop(of('ci-build').repository('team/shop'), all.node);
  for (const registry of registries.values()) await registry.close();
  return shop;
}

async function inventoryOf(folder: string): Promise<string> {
  const name = (await readdir(folder)).find((it) => /^inventory-.*\.db$/.test(it));
  if (name === undefined) throw new Error('the gate keeps no inventory');
  return join(folder, name);
}

/** Until the inventory has read all that was pushed. */
async function settled(file: string, tags: number): Promise<void> {
  for (;;) {
    const database = new DatabaseSync(file, { readOnly: true });
    const [row] = database.prepare('SELECT count(due) AS unread, count(*) AS tags FROM tag').all();
    database.close();
    if (Number(row?.['unread']) === 0 && Number(row?.['tags']) === tags) return;
    await setTimeout(250);
  }
}

/**
 * Images are pushed soon after they are made; here all of them were pushed a minute ago. The walk through the catalog takes
 * its time, and would find what is there.
 */
function age(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(`
    UPDATE tag SET pushed = created + 600000, pulled = CASE WHEN tag.id % 4 = 0 THEN NULL ELSE created + 3600000 END
      FROM manifest WHERE manifest.id = tag.manifest AND created IS NOT NULL;
    UPDATE repository SET pushed = coalesce((SELECT max(pushed) FROM tag WHERE tag.repository = repository.id), pushed),
      listed = coalesce(listed, pushed);
  `);
  database.close();
}
