import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/clients.ts';
import { PASSWORD, USER } from '../support/gate-process.ts';
import { blobsOf, writeImage, type Image } from '../support/images.ts';
import { must, run } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const LOGIN = `${USER}:${PASSWORD}`;

describeWith(['skopeo', 'docker-registry'], 'skopeo', () => {
  let stage: Stage;
  let image: Image;
  let source: string[];
  let target: string[];
  let either: string[];

  beforeAll(async () => {
    stage = await openStage();
    image = await writeImage(join(stage.folder, 'image'), 20);
    source = ['--src-cert-dir', stage.trustFolder, '--src-creds', LOGIN];
    target = ['--dest-cert-dir', stage.trustFolder, '--dest-creds', LOGIN];
    either = ['--cert-dir', stage.trustFolder, '--creds', LOGIN];
  });
  afterAll(() => stage.close());

  const there = (name = 'app:1'): string => `docker://${stage.gate.name}/team/${name}`;
  const here = (): string => `oci:${image.layout}:1`;

  it('refuses the certificate of a CA that it does not know', async () => {
    const ran = await run('skopeo', ['copy', '--dest-creds', LOGIN, here(), there()]);
    expect(ran.output).toContain('certificate signed by unknown authority');
    expect(ran.status).not.toBe(0);
  });

  it('is refused with a wrong password', async () => {
    const wrong = ['--dest-cert-dir', stage.trustFolder, '--dest-creds', `${USER}:wrong`];
    const ran = await run('skopeo', ['copy', ...wrong, here(), there()]);
    expect(ran.output).toMatch(/unauthorized|authentication required|invalid username/i);
    expect(ran.status).not.toBe(0);
  });

  it('pushes 20 MB and pulls the same bytes', async () => {
    await must('skopeo', ['copy', ...target, here(), there()]);
    const back = join(stage.folder, 'back');
    await must('skopeo', ['copy', ...source, there(), `oci:${back}:1`]);
    expect(await blobsOf(back)).toEqual(await blobsOf(image.layout));
    const seen = await must('skopeo', ['inspect', ...either, '--format', '{{.Digest}}', there()]);
    expect(seen).toBe(image.digest);
  });

  it('copies within the registry, lists tags and deletes', async () => {
    await must('skopeo', ['copy', ...target, here(), there('first:1')]);
    await must('skopeo', ['copy', ...source, ...target, there('first:1'), there('second:2')]);
    const tags = await must('skopeo', ['list-tags', ...either, there('second')]);
    expect(JSON.parse(tags)).toMatchObject({ Tags: ['2'] });
    await must('skopeo', ['delete', ...either, there('second:2')]);
    const gone = await run('skopeo', ['inspect', ...either, there('second:2')]);
    expect(gone.output).toContain('manifest unknown');
  });
});
