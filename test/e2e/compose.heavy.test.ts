import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENGINE_NEEDS, NEWER_ENGINE, startEngine, type Engine } from '../support/engine.ts';
import { PASSWORD, USER, gateDoes } from '../support/gate-process.ts';
import { writeTar } from '../support/images.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import { must, until, type Ran } from '../support/programs.ts';
import { STAND_IN_NEEDS, makeBaseImages } from '../support/stand-ins.ts';
import { describeWith } from '../support/requires.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const NEEDS = [NEWER_ENGINE.dockerd, NEWER_ENGINE.docker, 'docker-compose', 'git', 'id', ...ENGINE_NEEDS];

/** What a fresh clone would hold of this working tree. */
async function cloneTo(folder: string): Promise<void> {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = await must('git', listing, { cwd: REPOSITORY });
  const wanted = files.split('\0').filter((file) => file !== '' && !/^(test|bench|docs)\//.test(file));
  for (const file of wanted) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(REPOSITORY, file), join(folder, file)).catch((error: unknown) => {
      if (!String(error).includes('ENOENT')) throw error;
    });
  }
}

describeWith([...NEEDS, ...STAND_IN_NEEDS], 'docker compose, from a fresh clone', () => {
  let namespace: Namespace;
  let engine: Engine;
  let clone: string;
  let address: string;

  beforeAll(async () => {
    namespace = await createNamespace();
    address = namespace.inside;
    engine = await startEngine({ namespace, programs: NEWER_ENGINE });
    await must('sh', [
      '-c',
      'mkdir "$1/cli-plugins" && ln -s "$(which docker-compose)" "$1/cli-plugins"',
      '-',
      engine.env['DOCKER_CONFIG'] ?? '',
    ]);
    await makeBaseImages(engine);
    clone = join(engine.folder, 'clone');
    await cloneTo(clone);
    // The clone of somebody who is neither root nor the user that the gate runs as.
    await must('chown', ['-R', '1234:1234', clone]);
  });

  afterAll(async () => {
    await engine?.docker(['compose', 'down', '--volumes'], { cwd: clone });
    await engine?.close();
    await namespace?.close();
    await rm(`/etc/docker/certs.d/${address}`, { recursive: true, force: true });
  });

  const compose = (args: readonly string[], input = ''): Promise<Ran> =>
    engine.docker(['compose', ...args], { cwd: clone, input });
  const mustCompose = (args: readonly string[], input = ''): Promise<string> =>
    engine.must(['compose', ...args], { cwd: clone, input });
  const login = (): Promise<Ran> =>
    engine.docker(['login', '-u', USER, '--password-stdin', address], { input: PASSWORD });
  const healthy = (): Promise<string> =>
    until(
      async () => {
        const state = await mustCompose(['ps', '--format', '{{.Health}}', 'gate']);
        return state === 'healthy' ? state : undefined;
      },
      () => 'the gate did not get healthy',
    );

  it('says what to do where .env is missing', async () => {
    const ran = await compose(['up', '--detach']);
    expect(ran.output).toContain('cp .env.example .env');
    expect(ran.status).not.toBe(0);
  });

  it('builds and starts, and says that a user is missing', async () => {
    const example = await readFile(join(clone, '.env.example'), 'utf8');
    const filledIn = example
      .replace(/^REGISTRY_GATE_HOSTS=.*$/m, `REGISTRY_GATE_HOSTS=registry.example.lan,${address}`)
      .replace(/^REGISTRY_HTTP_SECRET=$/m, 'REGISTRY_HTTP_SECRET=0123456789abcdef');
    await writeFile(join(clone, '.env'), filledIn);
    await mustCompose(['up', '--detach']);
    const log = await until(
      async () => {
        const text = await mustCompose(['logs', 'gate']);
        return text.includes('users add') ? text : undefined;
      },
      () => 'the gate did not ask for a user',
    );
    expect(log).toContain('htpasswd');
  }, 600_000);

  it('adds a user, and the gate gets healthy', async () => {
    await mustCompose(
      ['run', '--rm', '-T', 'gate', 'users', 'add', USER, '--password-stdin'],
      `${PASSWORD}\n`,
    );
    await mustCompose(['restart', 'gate']);
    expect(await healthy()).toBe('healthy');
  });

  it('keeps the keys to itself, leaves the directory to its owner and shows the CA', async () => {
    const at = async (name: string): Promise<string> => {
      const { uid, gid, mode } = await stat(join(clone, 'certs', name));
      return `${uid}:${gid} ${(mode & 0o777).toString(8)}`;
    };
    expect(await at('.')).toBe('1234:1000 775');
    expect(await at('README.md')).toBe('1234:1234 644');
    for (const name of ['ca.key', 'domain.key', 'htpasswd']) expect(await at(name)).toBe('1000:1000 600');
    for (const name of ['ca.crt', 'domain.crt']) expect(await at(name)).toBe('1000:1000 644');
  });

  it('runs without rights, on a root file system that it cannot write', async () => {
    const state = await mustCompose([
      'exec',
      '-T',
      'gate',
      'sh',
      '-c',
      'id -u; grep -E "CapBnd|NoNewPrivs" /proc/self/status; touch /x',
    ]).catch(String);
    expect(state).toMatch(/^1000$/m);
    expect(state).toMatch(/CapBnd:\s+0000000000000000/);
    expect(state).toMatch(/NoNewPrivs:\s+1/);
    expect(state).toContain('Read-only file system');
  });

  it('publishes 443 of the gate and nothing else', async () => {
    const ports = await engine.must(['ps', '--format', '{{.Image}} {{.Ports}}']);
    const published = ports.split('\n').filter((line) => line.includes('->'));
    expect(published).toEqual([expect.stringMatching(/^registry-gate .*0\.0\.0\.0:443->8443\/tcp/)]);
  });

  it('pushes, restarts, and still has the image', async () => {
    await gateDoes(['certs', 'trust', '--for', 'docker', '--certs', join(clone, 'certs'), address]);
    expect((await login()).output).toContain('Login Succeeded');
    const image = `${address}/team/noise:1`;
    const tar = join(engine.folder, 'image.tar');
    await writeTar(tar, 20);
    await engine.must(['import', tar, image]);
    const before = await engine.must(['image', 'inspect', '-f', '{{.RootFS.Layers}}', image]);
    await engine.must(['push', image]);
    await engine.must(['rmi', image]);

    await mustCompose(['restart']);
    await healthy();
    await engine.must(['pull', image]);
    expect(await engine.must(['image', 'inspect', '-f', '{{.RootFS.Layers}}', image])).toBe(before);
  });

  it('keeps CA, users and images when everything is taken down and started again', async () => {
    const files = ['ca.crt', 'domain.crt', 'htpasswd'];
    const read = (): Promise<string[]> =>
      Promise.all(files.map((name) => readFile(join(clone, 'certs', name), 'utf8')));
    const before = await read();
    await mustCompose(['down']);
    await mustCompose(['up', '--detach', '--wait']);
    expect(await read()).toEqual(before);
    await engine.must(['rmi', `${address}/team/noise:1`]);
    await engine.must(['pull', `${address}/team/noise:1`]);
  });

  it('stops within its grace, with exit status 0', async () => {
    const id = await mustCompose(['ps', '--quiet', 'gate']);
    await mustCompose(['stop', 'gate']);
    expect(await engine.must(['inspect', '-f', '{{.State.ExitCode}}', id])).toBe('0');
  });
});
