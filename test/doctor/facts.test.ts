import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ask } from '../../src/doctor/facts/ask.ts';
import { readDescriptorLimit, readListen, readMode } from '../../src/doctor/facts/machine.ts';
import { askNetwork } from '../../src/doctor/facts/network.ts';
import { findProxies } from '../../src/doctor/facts/proxies.ts';
import { hasHttpSecret } from '../../src/doctor/facts/registry-process.ts';
import { readStore } from '../../src/doctor/facts/stores.ts';
import { parseRegistry, thisMachine } from '../../src/pki/trust/trust-target.ts';
import { AUTHORITY, craft } from '../pki/craft.ts';
import { temporaryFolders } from '../pki/support.ts';

const folder = temporaryFolders();

async function machine(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await folder();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

describe('proxies', () => {
  it.each([
    ['nowhere', {}, {}, []],
    [
      'in the environment',
      {},
      { https_proxy: 'http://jane:pw@proxy:3128', no_proxy: 'a.lan' },
      [{ kind: 'environment', proxy: 'http://proxy:3128', exceptions: 'a.lan' }],
    ],
    [
      'in two drop-ins',
      {
        'etc/systemd/system/docker.service.d/1.conf': '[Service]\nEnvironment="HTTPS_PROXY=http://p:1" A=b\n',
        'etc/systemd/system/docker.service.d/2.conf': "[Service]\nEnvironment='NO_PROXY=b.lan,c.lan'\n",
      },
      {},
      [{ kind: 'systemd', proxy: 'http://p:1', exceptions: 'b.lan,c.lan' }],
    ],
    [
      'in /etc/default/docker',
      { 'etc/default/docker': '# export HTTPS_PROXY=x\nexport HTTPS_PROXY="http://p:2"\n' },
      {},
      [{ kind: 'systemd', proxy: 'http://p:2', exceptions: '' }],
    ],
    [
      'in the engine that runs',
      { 'run/docker.pid': '77', 'proc/77/environ': 'PATH=/bin\0HTTPS_PROXY=http://p:3\0' },
      {},
      [{ kind: 'engine', proxy: 'http://p:3', exceptions: '' }],
    ],
    [
      'in the files of docker',
      {
        'etc/docker/daemon.json': '{"proxies":{"https-proxy":"http://p:4","no-proxy":"d.lan"}}',
        'home/.docker/config.json': '{"proxies":{"default":{"httpsProxy":"http://p:5"}}}',
      },
      {},
      [
        { kind: 'daemon', proxy: 'http://p:4', exceptions: 'd.lan' },
        { kind: 'containers', proxy: 'http://p:5', exceptions: '' },
      ],
    ],
    [
      'in files that hold something else',
      { 'etc/docker/daemon.json': '[', 'run/docker.pid': '../..' },
      {},
      [],
    ],
  ])('%s', async (_name, files, env, expected) => {
    const root = await machine(files);
    const found = await findProxies({ root, home: join(root, 'home'), env });
    expect(found.map(({ kind, proxy, exceptions }) => ({ kind, proxy, exceptions }))).toEqual(expected);
  });
});

describe('the process of a registry', () => {
  it('is not found where nobody listens', async () => {
    expect(await hasHttpSecret(1)).toBeUndefined();
  });

  it('is known by the environment and by the file of a process that listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    // This process, which was given none.
    expect(await hasHttpSecret(port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a trust store', () => {
  const root = craft({ name: 'root', extensions: AUTHORITY });
  const endpoint = parseRegistry('registry.lan:5000');
  const read = async (
    client: 'docker' | 'podman' | 'containerd' | 'node',
    files: Readonly<Record<string, string>>,
  ) => {
    const at = await machine(files);
    const here = await thisMachine({}, at);
    const given = { ...here, isRoot: true, home: join(at, 'home') };
    const facts = await readStore(client, { endpoint, machine: given, env: {}, authority: root.pem });
    return { ...facts, paths: facts.trusted.map(({ path }) => path.slice(at.length + 1)) };
  };
  const PLACE = 'certs.d/registry.lan:5000';

  it.each([
    ['docker', `etc/docker/${PLACE}/ca.crt`],
    ['docker', 'etc/ssl/certs/ca-certificates.crt'],
    ['docker', 'etc/pki/tls/certs/ca-bundle.crt'],
    ['podman', `etc/containers/${PLACE}/any.crt`],
    ['podman', `etc/docker/${PLACE}/ca.crt`],
    ['containerd', `etc/containerd/${PLACE}/ca.crt`],
    ['node', 'etc/registry-gate/trust/node.pem'],
  ] as const)('of %s has what is in %s', async (client, path) => {
    expect((await read(client, { [path]: root.pem })).paths).toEqual([path]);
  });

  it.each([
    ['docker', `etc/docker/${PLACE}/ca.pem`],
    ['docker', 'etc/docker/certs.d/registry.lan/ca.crt'],
    ['docker', `etc/containers/${PLACE}/ca.crt`],
  ] as const)('of %s has nothing of what is in %s', async (client, path) => {
    expect((await read(client, { [path]: root.pem })).paths).toEqual([]);
  });

  it('tells of the folders for other ports', async () => {
    const { folders } = await read('docker', { 'etc/docker/certs.d/registry.lan/ca.crt': root.pem });
    expect(folders[0]?.others).toEqual(['registry.lan']);
  });

  it('of containerd has what its hosts.toml names alone', async () => {
    const path = `etc/containerd/${PLACE}`;
    const files = { [`${path}/ca.crt`]: root.pem };
    const other = await read('containerd', { ...files, [`${path}/hosts.toml`]: 'ca = "/other.crt"\n' });
    expect(other.paths).toEqual([]);
    const own = await read('containerd', { ...files, [`${path}/hosts.toml`]: 'ca = "ca.crt"\n' });
    expect(own.paths).toEqual([`${path}/ca.crt`]);
  });

  it('of Node.js lacks the line in the profile', async () => {
    expect((await read('node', {})).missing).toMatch(/node\.pem$/);
  });
});

describe('the network', () => {
  const silent = createServer((socket) => socket.end());
  const plain = createServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
  });
  afterAll(() => {
    silent.close();
    plain.close();
  });
  const portOf = async (server: typeof silent): Promise<number> => {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  it('does not know a name of the domain for that', async () => {
    const { lookupFault, reached } = await askNetwork('nobody.invalid', 443);
    expect({ lookupFault, reached }).toEqual({ lookupFault: expect.stringMatching(/^E/), reached: [] });
  });

  it('has a server without TLS', async () => {
    const { secure, plain: seen } = await askNetwork('127.0.0.1', await portOf(plain));
    expect(secure?.kind).toBe('fault');
    expect(seen).toMatchObject({ kind: 'answer', status: 200, text: '{}' });
  });

  it('has a server that says nothing', async () => {
    const place = { address: '127.0.0.1', host: '127.0.0.1', port: await portOf(silent) };
    expect(await ask(place, '/', true)).toMatchObject({ kind: 'fault' });
    expect(await ask(place, '/', false)).toMatchObject({ kind: 'fault' });
  });

  it('has ports of others, and free ones', async () => {
    const port = await portOf(plain);
    const look = (at: number) => readListen({ text: `:${at}`, host: undefined, port: at, isRoot: true });
    expect((await look(port)).state).toBe('foreign');
    expect((await look(1)).state).toBe('free');
  });
});

describe('the machine', () => {
  it.each([
    ['Max open files            1024                 1048576              files', 1024],
    ['Max open files            unlimited            unlimited            files', Infinity],
    ['', undefined],
  ])('has descriptors: %s', async (line, expected) => {
    const root = await machine({ limits: `Limit\n${line}\n` });
    expect(await readDescriptorLimit(join(root, 'limits'))).toBe(expected);
  });

  it('has modes of files', async () => {
    const root = await machine({ a: '' });
    expect((await readMode(join(root, 'a'))).mode).toBe(0o644);
    expect((await readMode(join(root, 'b'))).mode).toBeUndefined();
  });
});
