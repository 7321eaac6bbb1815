import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/clients.ts';
import { PASSWORD, USER } from '../support/gate-process.ts';
import { writeImage, type Image } from '../support/images.ts';
import { must } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

interface TagList {
  readonly name: string;
  readonly tags: string[];
}

describeWith(['curl', 'skopeo', 'docker-registry'], 'curl', () => {
  let stage: Stage;
  let image: Image;

  beforeAll(async () => {
    stage = await openStage();
    image = await writeImage(join(stage.folder, 'image'), 1);
    const target = ['--dest-cert-dir', stage.trustFolder, '--dest-creds', `${USER}:${PASSWORD}`];
    for (const name of ['team/app:1', 'team/app:2', 'team/other:1']) {
      const there = `docker://${stage.gate.name}/${name}`;
      await must('skopeo', ['copy', ...target, `oci:${image.layout}:1`, there]);
    }
  });
  afterAll(() => stage.close());

  const curl = (path: string, ...args: readonly string[]): Promise<string> => {
    const trust = ['--silent', '--show-error', '--cacert', stage.caFile];
    return must('curl', [...trust, ...args, `${stage.gate.url}${path}`]);
  };
  const me = (): string[] => ['--user', `${USER}:${PASSWORD}`];
  const status = ['--output', '/dev/null', '--write-out', '%{http_code}'];
  const accept = ['--header', 'Accept: application/vnd.oci.image.manifest.v1+json'];

  it('is asked who it is, in the words of the registry', async () => {
    const answer = await curl('/v2/_catalog', '--include');
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/^www-authenticate: Basic realm="[^"]+"/im);
    expect(answer).toMatch(/^docker-distribution-api-version: registry\/2\.0\r$/im);
    const body: unknown = JSON.parse(answer.split('\r\n\r\n')[1] ?? '');
    expect(body).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
  });

  it.each([
    ['no password', []],
    ['a wrong password', ['--user', `${USER}:wrong`]],
    ['an unknown user', ['--user', `nobody:${PASSWORD}`]],
    ['an empty password', ['--user', `${USER}:`]],
  ])('gets 401 with %s', async (_, who) => {
    expect(await curl('/v2/_catalog', ...status, ...who)).toBe('401');
  });

  it('lists repositories and tags', async () => {
    const repositories = ['team/app', 'team/other'];
    expect(JSON.parse(await curl('/v2/_catalog', ...me()))).toEqual({ repositories });
    const { name, tags } = JSON.parse(await curl('/v2/team/app/tags/list', ...me())) as TagList;
    expect([name, ...tags.sort()]).toEqual(['team/app', '1', '2']);
  });

  it('turns pages with a relative link', async () => {
    const answer = await curl('/v2/_catalog?n=1', '--include', ...me());
    const link = /^link: <(\/v2\/_catalog\?[^>]+)>; rel="next"/im.exec(answer)?.[1];
    expect(link).toBeDefined();
    expect(JSON.parse(await curl(link ?? '', ...me()))).toEqual({ repositories: ['team/other'] });
  });

  it('deletes by digest, after which neither tag is there', async () => {
    const head = await curl('/v2/team/app/manifests/1', '--head', ...accept, ...me());
    expect(/^docker-content-digest: (\S+)\r$/im.exec(head)?.[1]).toBe(image.digest);
    const path = `/v2/team/app/manifests/${image.digest}`;
    expect(await curl(path, '--request', 'DELETE', ...status, ...me())).toBe('202');
    expect(await curl(path, ...status, ...accept, ...me())).toBe('404');
    expect(await curl('/v2/team/app/manifests/2', ...status, ...accept, ...me())).toBe('404');
  });
});
