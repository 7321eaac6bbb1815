import { tarOf, TIME, type Entry, type Layer } from './image-content.ts';

/** What a Dockerfile leaves in a config. */
export interface Made {
  readonly config: object;
  readonly history: readonly object[];
}

const SHELL = '/bin/sh -c #(nop) ';
const BUILDKIT = 'buildkit.dockerfile.v0';

/** The config of an image: what `history` and `config` say, or one step for each layer. */
export function configOf(
  layers: readonly Layer[],
  architecture: string,
  made?: Made,
): { readonly value: object; readonly platform: object } {
  const variant =
    architecture === 'arm' ? { variant: 'v7' } : architecture === 'arm64' ? { variant: 'v8' } : {};
  const platform = { architecture, os: 'linux', ...variant };
  const steps = layers.map((_, at) => ({
    created: TIME,
    created_by: `COPY layer-${at} / # buildkit`,
    comment: BUILDKIT,
  }));
  const value = {
    ...platform,
    created: TIME,
    author: 'Jane Doe <jane@example.org>',
    config: made?.config ?? { Cmd: ['/a'] },
    rootfs: rootfsOf(layers),
    history: made?.history ?? steps,
  };
  return { value, platform };
}

/** The config with what no config can lack (image-spec: "Image Configuration"), and nothing else. */
export function bareConfig(layers: readonly Layer[]): object {
  return { architecture: 'amd64', os: 'linux', rootfs: rootfsOf(layers) };
}

function rootfsOf(layers: readonly Layer[]): object {
  return { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) };
}

/**
 * The layers of an image on top of a distribution, with links and whiteouts, and how a Dockerfile made it. `seed`: what
 * makes all of them others, for programs that take layers of the same content for one another.
 */
export async function debianLike(
  architecture: string,
  seed = '',
): Promise<{ readonly tars: readonly Buffer[]; readonly made: Made }> {
  const tars = await Promise.all([
    tarOf(base(architecture + seed)),
    tarOf(packages(seed)),
    tarOf(application(seed)),
  ]);
  return { tars, made: { config: CONFIG, history: HISTORY } };
}

function base(architecture: string): readonly Entry[] {
  return [
    { name: 'bin', type: 'symlink', linkname: 'usr/bin' },
    { name: 'etc/', type: 'directory', mode: 0o755 },
    { name: 'etc/debian_version', text: '12.5\n' },
    { name: 'etc/motd', text: `Welcome to ${architecture}\n` },
    { name: 'usr/bin/', type: 'directory', mode: 0o755 },
    { name: 'usr/bin/busy', mode: 0o4755, text: `${architecture} `.repeat(2000) },
    { name: 'usr/bin/box', type: 'link', linkname: 'usr/bin/busy' },
    { name: 'var/cache/apt/', type: 'directory' },
    { name: 'var/cache/apt/pkgcache.bin', text: 'x'.repeat(5000) },
  ];
}

function packages(seed: string): readonly Entry[] {
  return [
    { name: 'etc/motd', text: 'Welcome back\n' },
    { name: 'etc/.wh.debian_version' },
    { name: 'var/cache/apt/', type: 'directory' },
    { name: 'var/cache/apt/.wh..wh..opq' },
    { name: `usr/share/${'long/'.repeat(40)}name-ü.txt`, text: `a long name${seed}` },
  ];
}

function application(seed: string): readonly Entry[] {
  return [
    { name: 'app/', type: 'directory', mode: 0o750, uid: 1000, gid: 1000 },
    { name: 'app/server.js', uid: 1000, gid: 1000, text: `console.log("hello")\n${seed}` },
  ];
}

const CONFIG = {
  User: '1000:1000',
  ExposedPorts: { '8080/tcp': {}, '53/udp': {} },
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'GREETING=hello "world" $HOME'],
  Entrypoint: ['/app/entrypoint.sh', '--verbose'],
  Cmd: ['node', 'server.js'],
  Volumes: { '/data': {} },
  WorkingDir: '/app',
  Labels: { 'org.opencontainers.image.title': 'app', maintainer: 'Jane "JD" Doe' },
  StopSignal: 'SIGINT',
  Healthcheck: {
    Test: ['CMD-SHELL', 'curl -f http://localhost:8080/ || exit 1'],
    Interval: 30_000_000_000,
    Retries: 3,
  },
  OnBuild: ['RUN echo built'],
  Shell: ['/bin/bash', '-c'],
};

/** As classic docker writes steps, and as BuildKit does; those without a layer between the others. */
const HISTORY: readonly object[] = [
  { created: '2024-02-13T00:37:38Z', created_by: `${SHELL}ADD file:9f9ec29b34b34f2e in / ` },
  { created: '2024-02-13T00:37:39Z', created_by: `${SHELL} CMD ["bash"]`, empty_layer: true },
  {
    created: '2024-02-28T09:00:00Z',
    created_by: 'ENV GREETING=hello "world" $HOME',
    comment: BUILDKIT,
    empty_layer: true,
  },
  {
    created: '2024-02-28T09:00:01.5Z',
    created_by: 'RUN |1 VERSION=7 /bin/sh -c apt-get update \\\n  && apt-get install -y curl # buildkit',
    comment: BUILDKIT,
  },
  { created: '2024-02-28T09:00:02Z', created_by: 'WORKDIR /app', comment: BUILDKIT, empty_layer: true },
  {
    created: TIME,
    created_by: 'COPY --chown=1000:1000 . /app # buildkit',
    comment: BUILDKIT,
    author: 'Jane Doe',
  },
  { created: TIME, created_by: 'EXPOSE map[53/udp:{} 8080/tcp:{}]', comment: BUILDKIT, empty_layer: true },
  {
    created: TIME,
    created_by: 'ENTRYPOINT ["/app/entrypoint.sh" "--verbose"]',
    comment: BUILDKIT,
    empty_layer: true,
  },
  { created: TIME, created_by: 'CMD ["node" "server.js"]', comment: BUILDKIT, empty_layer: true },
];
