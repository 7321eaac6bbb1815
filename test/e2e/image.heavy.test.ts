import { cp, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENGINE_NEEDS, NEWER_ENGINE, startEngine, type Engine } from '../support/engine.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import { must, until } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { STAND_IN_NEEDS, makeBaseImages } from '../support/stand-ins.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const NEEDS = [NEWER_ENGINE.dockerd, NEWER_ENGINE.docker, 'git', ...ENGINE_NEEDS, ...STAND_IN_NEEDS];
const IMAGE = 'registry-gate-image';

async function contextAt(folder: string): Promise<void> {
  const files = await must(
    'git',
    [
      'ls-files',
      '-z',
      'src',
      'package*.json',
      'tsconfig*.json',
      'rolldown.config.ts',
      'Dockerfile',
      '.dockerignore',
      'LICENSE',
    ],
    {
      cwd: REPOSITORY,
    },
  );
  for (const file of files.split('\0').filter((name) => name !== '')) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(REPOSITORY, file), join(folder, file));
  }
}

describeWith(NEEDS, 'the container image, by docker run', () => {
  let namespace: Namespace;
  let engine: Engine;

  beforeAll(async () => {
    namespace = await createNamespace();
    engine = await startEngine({ namespace, programs: NEWER_ENGINE });
    await makeBaseImages(engine);
    const context = join(engine.folder, 'context');
    await contextAt(context);
    await engine.must(['build', '--tag', IMAGE, context]);
  }, 600_000);

  afterAll(async () => {
    await engine?.close();
    await namespace?.close();
  });

  it('runs up, and says how its next command is typed, and that works', async () => {
    const flags = ['--detach', '--env', 'REGISTRY_GATE_HOSTS=registry.lan', '--publish', '443:8443'];
    const id = (await engine.must(['run', ...flags, IMAGE, 'up'])).trim();
    const words = await until(
      async () => {
        const { output } = await engine.docker(['logs', id]);
        return output.includes('Ctrl-C stops it') ? output : undefined;
      },
      () => 'the gate said nothing',
    );
    expect(words).toContain('registry-gate serves https://registry.lan:8443');
    const short = id.slice(0, 12);
    expect(words).toContain(`docker exec -it ${short} registry-gate users add NAME`);
    const [, file = ''] = new RegExp(`docker exec ${short} cat (\\S+)`).exec(words) ?? [];
    expect((await engine.must(['exec', short, 'cat', file])).trim()).toMatch(/^\w{20}$/);
    const input = 'a password of bob\n';
    const added = ['exec', '-i', short, 'registry-gate', 'users', 'add', 'bob', '--password-stdin'];
    await engine.must(added, { input });
    expect(await engine.must(['exec', short, 'registry-gate', 'users', 'list'])).toContain('bob');
    const unknown = await engine.docker(
      ['exec', short, 'registry-gate', 'users', 'passwd', 'nobody', '--password-stdin'],
      {
        input,
      },
    );
    expect(unknown.output).toContain(`docker exec -it ${short} registry-gate users list`);
    await engine.must(['stop', id]);
  });

  it('whose serve has no users says how to add one to the volumes of that container, and that works', async () => {
    const host = ['--env', 'REGISTRY_GATE_HOSTS=registry.lan'];
    const id = (await engine.must(['create', ...host, IMAGE])).trim();
    await engine.must(['start', '--attach', id]).catch(() => undefined);
    const { output } = await engine.docker(['logs', id]);
    const line =
      /(docker run -it --rm --volumes-from \S+ \$\(docker inspect -f '\{\{\.Image\}\}' \S+\)) certs init/.exec(
        output,
      );
    const command = (line?.[1] ?? '').replaceAll(/\bdocker\b/g, NEWER_ENGINE.docker).replace(' -it ', ' -i ');
    await must('sh', ['-c', `${command} certs init --host registry.lan`], { env: engine.env });
    await must('sh', ['-c', `${command} users add bob --password-stdin`], {
      env: engine.env,
      input: 'of bob\n',
    });
    await engine.must(['start', id]);
    const exec = ['exec', id, 'registry-gate', 'config', 'check'];
    expect((await engine.docker(exec)).output).toContain('fine');
    await engine.must(['rm', '--force', id]);
  });
});
