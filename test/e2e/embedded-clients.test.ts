import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startEmbedded, type EmbeddedProgram } from '../backend/embedded/program.ts';
import { ACCEPT, image as made, jsonOf, SpecClient } from '../backend/embedded/spec-client.ts';
import { blobsOf, writeImage, type Image } from '../support/images.ts';
import { must, run, temporaryFolder, type Folder, type Ran } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

let folder: Folder;
let image: Image;
let program: EmbeddedProgram;
let host: string;

beforeAll(async () => {
  folder = await temporaryFolder('clients');
  image = await writeImage(join(folder.path, 'image'), 5);
  program = await startEmbedded(join(folder.path, 'data'));
  ({ host } = new URL(program.url));
});
afterAll(async () => {
  await program.daemon.close();
  await folder.close();
});

describeWith(['oras'], 'oras and the embedded registry', () => {
  const oras = (...args: readonly string[]): Promise<Ran> =>
    run('oras', args, { cwd: folder.path, env: { DOCKER_CONFIG: folder.path } });

  it('finds referrers by the API, by type, and no longer when they are deleted', async () => {
    const subject = `${host}/oras/app:1`;
    const plain = ['--plain-http', '--distribution-spec', 'v1.1-referrers-api'];
    await writeFile(join(folder.path, 'note.txt'), 'hello\n');
    expect(
      await oras('cp', '--from-oci-layout', `${image.layout}:1`, subject, '--to-plain-http'),
    ).toMatchObject({ status: 0 });
    const attached: string[] = [];
    for (const type of ['application/vnd.test.one', 'application/vnd.test.two']) {
      const ran = await oras(
        'attach',
        subject,
        ...plain,
        '--artifact-type',
        type,
        '--format',
        'json',
        'note.txt',
      );
      expect(ran.status).toBe(0);
      attached.push((JSON.parse(ran.stdout) as { digest: string }).digest);
    }
    const discover = async (...more: readonly string[]): Promise<string> =>
      (await oras('discover', subject, ...plain, '--format', 'json', ...more)).stdout;
    const all = await discover();
    for (const digest of attached) expect(all).toContain(digest);
    const one = await discover('--artifact-type', 'application/vnd.test.one');
    expect(one).toContain(attached[0]);
    expect(one).not.toContain(attached[1]);
    const victim = `${host}/oras/app@${attached[0]}`;
    expect(await oras('manifest', 'delete', '--force', '--plain-http', victim)).toMatchObject({ status: 0 });
    expect(await discover()).not.toContain(attached[0]);
  });
});

describeWith(['crane'], 'crane and the embedded registry', () => {
  it('pushes, copies, validates, pulls and deletes', async () => {
    const env = { DOCKER_CONFIG: folder.path };
    const crane = (...args: readonly string[]): Promise<string> =>
      must('crane', [...args, '--insecure'], { env });
    const name = `${host}/crane/app:1`;
    await crane('push', image.layout, name);
    await crane('copy', name, `${host}/crane/copy:2`);
    await crane('validate', '--remote', `${host}/crane/copy:2`);
    expect(await crane('ls', `${host}/crane/copy`)).toBe('2');
    expect(await crane('digest', name)).toBe(image.digest);
    const back = join(folder.path, 'back');
    await crane('pull', '--format', 'oci', name, back);
    expect(await blobsOf(back)).toEqual(await blobsOf(image.layout));
    await crane('delete', `${host}/crane/app@${image.digest}`);
    expect((await run('crane', ['manifest', name, '--insecure'], { env })).output).toContain(
      'MANIFEST_UNKNOWN',
    );
  });
});

describe('two processes on one folder', () => {
  it('push, move tags and delete at once, and break nothing', async () => {
    const other = await startEmbedded(join(folder.path, 'data'));
    onTestFinished(() => other.daemon.close());
    const clients = [program, other, program, other].map(({ url }) => new SpecClient(url));
    const problems: string[] = [];
    const accept = { headers: { Accept: ACCEPT } };
    await Promise.all(
      clients.map(async (client, lane) => {
        for (let round = 0; round < 20; round += 1) {
          const repository = `both/${(lane + round) % 2}`;
          const config = await client.blob(repository, `{"n":${round % 4}}`);
          const manifest = made(config, await client.blob(repository, randomBytes(100)));
          const tag = `tag-${round % 3}`;
          const put = await client.manifest(repository, tag, manifest);
          if (put.status !== 201) problems.push(`put: ${put.status} ${put.body.toString()}`);
          const victim = round % 2 === 0 ? manifest.digest : `tag-${(round + 1) % 3}`;
          const gone = await client.ask('DELETE', `/v2/${repository}/manifests/${victim}`);
          if (gone.status !== 202 && gone.status !== 404) problems.push(`delete: ${gone.status}`);
        }
      }),
    );
    expect([...problems, ...program.daemon.log.slice(1), ...other.daemon.log.slice(1)]).toEqual([]);
    const [one, two] = clients;
    for (const repository of ['both/0', 'both/1']) {
      const lists = await Promise.all(
        [one, two].map(async (client) => client?.expect(200, 'GET', `/v2/${repository}/tags/list`)),
      );
      const [mine, theirs] = lists.map((list) =>
        list === undefined ? undefined : jsonOf<{ tags: string[] }>(list).tags,
      );
      expect(mine).toEqual(theirs);
      for (const tag of mine ?? [])
        await two?.expect(200, 'GET', `/v2/${repository}/manifests/${tag}`, accept);
    }
    for (const client of clients) client.close();
  });
});
