import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/clients.ts';
import { PASSWORD, USER } from '../support/gate-process.ts';
import { blobsOf, writeImage, type Image } from '../support/images.ts';
import { run, type Ran } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

describeWith(['crane', 'docker-registry'], 'crane', () => {
  let stage: Stage;
  let image: Image;
  let name: string;

  beforeAll(async () => {
    stage = await openStage();
    image = await writeImage(join(stage.folder, 'image'), 20);
    name = `${stage.gate.name}/team/app:1`;
  });
  afterAll(() => stage.close());

  /** crane with a log-in file of its own; it trusts what Go trusts. */
  const crane = (args: readonly string[], options: { input?: string; trust?: string } = {}): Promise<Ran> => {
    const { input = '', trust = stage.caFile } = options;
    const env = { SSL_CERT_FILE: trust, SSL_CERT_DIR: '/nonexistent', DOCKER_CONFIG: stage.folder };
    return run('crane', args, { input, env });
  };

  it('refuses the certificate of a CA that it does not know', async () => {
    const ran = await crane(['catalog', stage.gate.name], { trust: '/dev/null' });
    expect(ran.output).toContain('certificate signed by unknown authority');
    expect(ran.status).not.toBe(0);
  });

  it('is refused without and with a wrong password', async () => {
    const without = await crane(['push', image.layout, name]);
    expect(without.output).toMatch(/UNAUTHORIZED|401/);
    await crane(['auth', 'login', stage.gate.name, '-u', USER, '--password-stdin'], { input: 'wrong' });
    const wrong = await crane(['push', image.layout, name]);
    expect(wrong.output).toMatch(/UNAUTHORIZED|401/);
    expect([without.status, wrong.status]).not.toContain(0);
  });

  it('logs in, pushes 20 MB, pulls the same bytes, lists and deletes', async () => {
    const login = ['auth', 'login', stage.gate.name, '-u', USER, '--password-stdin'];
    expect(await crane(login, { input: PASSWORD })).toMatchObject({ status: 0 });
    expect(await crane(['push', image.layout, name])).toMatchObject({ status: 0 });
    const back = join(stage.folder, 'back');
    expect(await crane(['pull', '--format', 'oci', name, back])).toMatchObject({ status: 0 });
    expect(await blobsOf(back)).toEqual(await blobsOf(image.layout));

    expect((await crane(['catalog', stage.gate.name])).stdout).toBe('team/app\n');
    expect((await crane(['ls', name.replace(':1', '')])).stdout).toBe('1\n');
    expect((await crane(['digest', name])).stdout).toBe(`${image.digest}\n`);
    const copy = name.replace('app', 'copy');
    expect(await crane(['copy', name, copy])).toMatchObject({ status: 0 });
    expect((await crane(['validate', '--remote', copy])).output).toContain('PASS');
    expect(await crane(['delete', name.replace(':1', `@${image.digest}`)])).toMatchObject({ status: 0 });
    expect((await crane(['manifest', name])).output).toContain('MANIFEST_UNKNOWN');
  });

  it('is refused after it has logged out', async () => {
    expect(await crane(['auth', 'logout', stage.gate.name])).toMatchObject({ status: 0 });
    const ran = await crane(['push', image.layout, name]);
    expect(ran.output).toMatch(/UNAUTHORIZED|401/);
    expect(ran.status).not.toBe(0);
  });
});
