import { registriesYaml } from './registries-yaml.ts';

/** The clients that the page has commands for. */
export const CLIENTS = [
  'docker',
  'docker-rootless',
  'podman',
  'containerd',
  'k3s',
  'rke2',
  'buildx',
  'windows',
  'macos',
  'skopeo',
  'crane',
  'helm',
] as const;
export type Client = (typeof CLIENTS)[number];

/** What the commands are made for. */
export interface Connection {
  /** `registry.lan` or `registry.lan:5000`, checked to be one. */
  readonly host: string;
  /** SHA-256 of the CA, 64 hex digits; undefined where the certificate is not from a CA of the gate's own. */
  readonly fingerprint: string | undefined;
  /** The name to sign in with; a placeholder for somebody who has not. */
  readonly user: string;
  /** A repository that the user may push to, where one is known. */
  readonly repository: string;
}

/** The notes of a step, in the words of the page. */
export type Note =
  | 'compare'
  | 'dockerTokens'
  | 'configPath'
  | 'untested'
  | 'restartDesktop'
  | 'asAdministrator'
  | 'restartK3s'
  | 'restartRke2'
  | 'tokenForFile'
  | 'withToken';

/** One step: lines to type, or a file to write. */
interface Step {
  readonly kind: 'fetch' | 'trust' | 'sign-in' | 'push' | 'pull';
  readonly commands: readonly string[];
  /** The name of the file that the command is the content of. */
  readonly file?: string;
  readonly notes?: readonly Note[];
}

/** Returns the steps for a client: to trust, to sign in, to push and to pull. Without an own CA nothing has to be trusted. */
export function stepsFor(client: Client, connection: Connection): readonly Step[] {
  const { fingerprint } = connection;
  const trust = fingerprint === undefined ? [] : TRUST[client]({ ...connection, fingerprint });
  const image = `${connection.host}/${connection.repository}:1`;
  return [...trust, ...USE[client]({ ...connection, image, user: quotedName(connection.user) })];
}

type Trusting = Connection & { readonly fingerprint: string };
type Using = Connection & { readonly image: string };

/** Fetches the CA over a connection that is not verified; the reader compares what openssl prints. */
function fetchAuthority({ host }: Trusting): Step {
  return {
    kind: 'fetch',
    commands: [
      `curl -fsSk https://${host}/ca.crt -o ca.crt`,
      'openssl x509 -in ca.crt -noout -fingerprint -sha256',
    ],
    notes: ['compare'],
  };
}

function runScript(
  client: string,
  connection: Trusting,
  notes: readonly Note[] = [],
  shell = 'sudo sh',
): readonly Step[] {
  const { host, fingerprint } = connection;
  const script = `curl -fsS --cacert ca.crt https://${host}/trust.sh | ${shell} -s -- ${client} ${host} ${fingerprint}`;
  return [fetchAuthority(connection), { kind: 'trust', commands: [script], notes }];
}

const TRUST: Readonly<Record<Client, (connection: Trusting) => readonly Step[]>> = {
  docker: (connection) => runScript('docker', connection, ['dockerTokens']),
  'docker-rootless': (connection) => runScript('docker-rootless', connection, ['dockerTokens'], 'sh'),
  podman: (connection) => runScript('podman', connection),
  skopeo: (connection) => runScript('podman', connection),
  containerd: (connection) => runScript('containerd', connection, ['configPath']),
  k3s: (connection) => rancherAuthority('k3s', connection),
  rke2: (connection) => rancherAuthority('rke2', connection),
  buildx: (connection) => [
    fetchAuthority(connection),
    {
      kind: 'trust',
      file: 'buildkitd.toml',
      commands: [`[registry."${connection.host}"]\n  ca = ["ca.crt"]`],
    },
    {
      kind: 'trust',
      commands: ['docker buildx create --use --name gate --buildkitd-config buildkitd.toml'],
    },
  ],
  windows: ({ host }) => [
    {
      kind: 'fetch',
      commands: [`curl.exe -fsSk https://${host}/ca.crt -o ca.crt`, 'certutil -dump ca.crt'],
      notes: ['compare'],
    },
    {
      kind: 'trust',
      commands: ['certutil -addstore Root ca.crt'],
      notes: ['asAdministrator', 'restartDesktop', 'untested'],
    },
  ],
  macos: (connection) => [
    fetchAuthority(connection),
    {
      kind: 'trust',
      commands: [
        'sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ca.crt',
      ],
      notes: ['restartDesktop', 'untested'],
    },
  ],
  crane: (connection) => [
    fetchAuthority(connection),
    { kind: 'trust', commands: ['export SSL_CERT_FILE=$PWD/ca.crt'] },
  ],
  helm: (connection) => runScript('system', connection, ['untested']),
};

function rancherAuthority(name: 'k3s' | 'rke2', connection: Trusting): readonly Step[] {
  const command = `sudo install -D -m 0644 ca.crt /etc/rancher/${name}/ca.crt`;
  return [fetchAuthority(connection), { kind: 'trust', commands: [command], notes: ['untested'] }];
}

function withDocker({ host, user, image }: Using, push = `docker push ${image}`): readonly Step[] {
  return [
    { kind: 'sign-in', commands: [`docker login -u ${user} ${host}`], notes: ['withToken'] },
    { kind: 'push', commands: [`docker tag IMAGE ${image}`, push] },
    { kind: 'pull', commands: [`docker pull ${image}`] },
  ];
}

const USE: Readonly<Record<Client, (connection: Using) => readonly Step[]>> = {
  docker: (connection) => withDocker(connection),
  'docker-rootless': (connection) => withDocker(connection),
  windows: (connection) => withDocker(connection),
  macos: (connection) => withDocker(connection),
  podman: ({ host, user, image }) => [
    { kind: 'sign-in', commands: [`podman login -u ${user} ${host}`], notes: ['withToken'] },
    { kind: 'push', commands: [`podman push IMAGE ${image}`] },
    { kind: 'pull', commands: [`podman pull ${image}`] },
  ],
  containerd: ({ host, user, image }) => [
    { kind: 'sign-in', commands: [`nerdctl login -u ${user} ${host}`], notes: ['withToken'] },
    { kind: 'push', commands: [`nerdctl tag IMAGE ${image}`, `nerdctl push ${image}`] },
    { kind: 'pull', commands: [`nerdctl pull ${image}`] },
  ],
  k3s: (connection) => rancherUse('k3s', connection, 'restartK3s', 'sudo k3s crictl'),
  rke2: (connection) =>
    rancherUse('rke2', connection, 'restartRke2', 'sudo /var/lib/rancher/rke2/bin/crictl'),
  buildx: ({ host, user, image }) => [
    { kind: 'sign-in', commands: [`docker login -u ${user} ${host}`], notes: ['withToken'] },
    { kind: 'push', commands: [`docker buildx build --push -t ${image} .`] },
  ],
  skopeo: ({ host, user, image }) => [
    { kind: 'sign-in', commands: [`skopeo login -u ${user} ${host}`], notes: ['withToken'] },
    { kind: 'push', commands: [`skopeo copy docker-archive:image.tar docker://${image}`] },
    { kind: 'pull', commands: [`skopeo copy docker://${image} docker-archive:image.tar`] },
  ],
  crane: ({ host, user, image }) => [
    {
      kind: 'sign-in',
      commands: [`crane auth login -u ${user} --password-stdin ${host}`],
      notes: ['withToken'],
    },
    { kind: 'push', commands: [`crane push image.tar ${image}`] },
    { kind: 'pull', commands: [`crane pull ${image} image.tar`] },
  ],
  helm: ({ host, user, repository, fingerprint }) => [
    {
      kind: 'sign-in',
      commands: [`helm registry login -u ${user} ${host}`],
      notes: ['withToken', ...(fingerprint === undefined ? (['untested'] as const) : [])],
    },
    { kind: 'push', commands: [`helm push chart-1.0.0.tgz oci://${host}/${repository}`] },
    { kind: 'pull', commands: [`helm pull oci://${host}/${repository}/chart --version 1.0.0`] },
  ],
};

function rancherUse(
  name: 'k3s' | 'rke2',
  { host, user, image, fingerprint }: Using,
  restart: Note,
  crictl: string,
): readonly Step[] {
  return [
    {
      kind: 'sign-in',
      file: `/etc/rancher/${name}/registries.yaml`,
      commands: [registriesYaml(name, host, user, fingerprint !== undefined)],
      notes: ['tokenForFile', restart, ...(fingerprint === undefined ? (['untested'] as const) : [])],
    },
    { kind: 'pull', commands: [`${crictl} pull ${image}`] },
  ];
}

/** A name as one word of a shell and of YAML alike. */
function quotedName(text: string): string {
  return /^[\w.@+-]+$/.test(text) && !text.startsWith('-')
    ? text
    : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
