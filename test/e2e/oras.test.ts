import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/clients.ts';
import { PASSWORD, USER } from '../support/gate-process.ts';
import { blobsOf, writeImage, type Image } from '../support/images.ts';
import { run, type Ran } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

describeWith(['oras', 'docker-registry'], 'oras', () => {
  let stage: Stage;
  let image: Image;
  let name: string;

  beforeAll(async () => {
    stage = await openStage();
    image = await writeImage(join(stage.folder, 'image'), 20);
    name = `${stage.gate.name}/team/app:1`;
  });
  afterAll(() => stage.close());

  const oras = (args: readonly string[], input = ''): Promise<Ran> =>
    run('oras', args, { input, cwd: stage.folder, env: { DOCKER_CONFIG: stage.folder } });
  const login = (password: string, trust: readonly string[]): Promise<Ran> =>
    oras(['login', stage.gate.name, ...trust, '-u', USER, '--password-stdin'], password);
  const trust = (): string[] => ['--ca-file', stage.caFile];

  it('refuses the certificate of a CA that it does not know', async () => {
    const ran = await login(PASSWORD, []);
    expect(ran.output).toContain('certificate signed by unknown authority');
    expect(ran.status).not.toBe(0);
  });

  it('is refused with a wrong password', async () => {
    const ran = await login('wrong', trust());
    expect(ran.output).toMatch(/unauthorized|401/i);
    expect(ran.status).not.toBe(0);
  });

  it('logs in, copies an image of 20 MB there and the same bytes back', async () => {
    expect(await login(PASSWORD, trust())).toMatchObject({ status: 0 });
    const there = ['cp', '--from-oci-layout', `${image.layout}:1`, name, '--to-ca-file', stage.caFile];
    expect(await oras(there)).toMatchObject({ status: 0 });
    const back = join(stage.folder, 'back');
    const here = ['cp', name, '--from-ca-file', stage.caFile, '--to-oci-layout', `${back}:1`];
    expect(await oras(here)).toMatchObject({ status: 0 });
    expect(await blobsOf(back)).toEqual(await blobsOf(image.layout));
  });

  it('pushes and pulls a file, attaches one to it, lists and deletes', async () => {
    const artifact = name.replace('app', 'artifact');
    await writeFile(join(stage.folder, 'note.txt'), 'hello\n');
    const type = ['--artifact-type', 'application/vnd.test'];
    expect(await oras(['push', artifact, ...trust(), ...type, 'note.txt'])).toMatchObject({ status: 0 });
    expect(await oras(['attach', artifact, ...trust(), ...type, 'note.txt'])).toMatchObject({ status: 0 });
    const found = await oras(['discover', artifact, ...trust(), '--format', 'json']);
    expect(found.stdout).toContain('application/vnd.test');

    await mkdir(join(stage.folder, 'pulled'));
    expect(await oras(['pull', artifact, ...trust(), '-o', 'pulled'])).toMatchObject({ status: 0 });
    expect(await readFile(join(stage.folder, 'pulled/note.txt'), 'utf8')).toBe('hello\n');

    expect((await oras(['repo', 'tags', artifact.replace(':1', ''), ...trust()])).stdout).toContain('1\n');
    expect((await oras(['repo', 'ls', stage.gate.name, ...trust()])).stdout).toContain('team/artifact\n');
    expect(await oras(['manifest', 'delete', '--force', artifact, ...trust()])).toMatchObject({ status: 0 });
    const gone = await oras(['manifest', 'fetch', artifact, ...trust()]);
    expect(gone.output).toMatch(/not found|manifest unknown/i);
  });

  it('is refused after it has logged out', async () => {
    expect(await oras(['logout', stage.gate.name])).toMatchObject({ status: 0 });
    const ran = await oras(['push', name, ...trust(), 'note.txt']);
    expect(ran.output).toMatch(/unauthorized|401|basic credential not found/i);
    expect(ran.status).not.toBe(0);
  });
});
