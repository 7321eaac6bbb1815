import { mkdir, readFile, copyFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENGINE_NEEDS, SYSTEM_ENGINE, startEngine, type Engine } from '../support/engine.ts';
import { gateDoes } from '../support/gate-process.ts';
import { writeImage, writeTar } from '../support/images.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import { must, run, startDaemon, temporaryFolder, type Daemon, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** A newcomer's first minute: nothing but `npm start`, with folders of its own so that the checkout stays as it is. */
describeWith(['npm', 'pgrep', 'dockerd', 'docker', 'podman', 'skopeo', ...ENGINE_NEEDS], 'npm start', () => {
  let folder: Folder;
  let namespace: Namespace;
  let engine: Engine;
  let gate: Daemon;
  let address = '';
  let certs = '';
  let password = '';

  beforeAll(async () => {
    folder = await temporaryFolder('up');
    namespace = await createNamespace();
    address = namespace.outside;
    certs = join(folder.path, 'certs');
    gate = await begin();
    password = (await readFile(join(certs, 'first-password.txt'), 'utf8')).trim();
    await mkdir(join(folder.path, 'trust'));
    await copyFile(join(certs, 'ca.crt'), join(folder.path, 'trust/ca.crt'));
    engine = await startEngine({ namespace, programs: SYSTEM_ENGINE });
  });

  afterAll(async () => {
    await engine?.close();
    await end(gate);
    await namespace?.close();
    await rm(`/etc/docker/certs.d/${address}`, { recursive: true, force: true });
    await folder?.close();
  });

  /** Resolves once it has said what to type next. */
  async function begin(): Promise<Daemon> {
    const places = ['--certs', certs, '--data', join(folder.path, 'data'), '--listen', `${address}:443`];
    const daemon = startDaemon('npm', ['start', '--', ...places, '--host', address], { cwd: ROOT });
    await daemon.line(/Ctrl-C stops it/);
    return daemon;
  }

  /** Ctrl-C reaches npm, its shell and the gate alike; a signal to npm alone does not go further. */
  async function end(daemon: Daemon | undefined): Promise<void> {
    if (daemon === undefined) return;
    for (const pid of await descendantsOf(daemon.pid)) process.kill(pid, 'SIGTERM');
    await daemon.close();
  }

  async function descendantsOf(pid: number): Promise<readonly number[]> {
    const { stdout } = await run('pgrep', ['-P', String(pid)]);
    const children = stdout.split('\n').filter(Boolean).map(Number);
    return [...(await Promise.all(children.map(descendantsOf))).flat(), ...children];
  }

  it('says the lines that docker needs', () => {
    expect(gate.log).toContain(`  docker login ${address} -u admin`);
    expect(gate.log.join('\n')).not.toContain(password);
  });

  it('serves docker on another machine: login, push, pull', async () => {
    const image = `${address}/team/app:1`;
    await gateDoes(['certs', 'trust', '--for', 'docker', '--certs', certs, address]);
    const login = await engine.docker(['login', '-u', 'admin', '--password-stdin', address], {
      input: password,
    });
    expect(login).toMatchObject({ status: 0 });
    const tar = join(folder.path, 'image.tar');
    await writeTar(tar, 20);
    await engine.must(['import', tar, image]);
    const layers = ['image', 'inspect', '-f', '{{.RootFS.Layers}}', image];
    const before = await engine.must(layers);
    await engine.must(['push', image]);
    await engine.must(['rmi', image]);
    await engine.must(['pull', image]);
    expect(await engine.must(layers)).toBe(before);
  });

  it('serves skopeo and podman', async () => {
    const image = await writeImage(join(folder.path, 'image'), 20);
    const trust = join(folder.path, 'trust');
    const name = `${address}/team/other:1`;
    const push = ['copy', '--dest-cert-dir', trust, '--dest-creds', `admin:${password}`];
    await must('skopeo', [...push, `oci:${image.layout}:1`, `docker://${name}`]);
    const store = ['--storage-driver', 'vfs', '--root', join(folder.path, 'root')];
    const state = ['--runroot', join(folder.path, 'run'), '--cgroup-manager', 'cgroupfs'];
    const pull = ['pull', '--quiet', '--cert-dir', trust, '--creds', `admin:${password}`, name];
    expect(await run('podman', [...store, ...state, ...pull])).toMatchObject({ status: 0 });
  });

  it('changes nothing at a second start, and keeps the images', async () => {
    const ca = await readFile(join(certs, 'ca.crt'), 'utf8');
    const leaf = await readFile(join(certs, 'domain.crt'), 'utf8');
    await end(gate);
    gate = await begin();
    expect(gate.log.join('\n')).not.toContain('The first user');
    expect(await readFile(join(certs, 'ca.crt'), 'utf8')).toBe(ca);
    expect(await readFile(join(certs, 'domain.crt'), 'utf8')).toBe(leaf);
    const list = ['list-tags', '--cert-dir', join(folder.path, 'trust'), '--creds', `admin:${password}`];
    const tags = await must('skopeo', [...list, `docker://${address}/team/app`]);
    expect(JSON.parse(tags)).toMatchObject({ Tags: ['1'] });
  });
});
