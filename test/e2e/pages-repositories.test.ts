import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Registry as InnerRegistry } from '../../src/images/store.ts';
import { backendOf, openInner } from '../support/inner-registry.ts';
import { PageClient, type PageReply } from '../support/page-client.ts';
import { temporaryFolder, until, type Folder } from '../support/programs.ts';
import { pushImage, pushIndex } from '../support/push-image.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, TEST_PASSWORD, TEST_USER, type TestGate } from '../support/test-gate.ts';

const ACCESS = `rules:
  - { who: anonymous, repositories: "open/**", allow: pull }
  - { who: alice, repositories: ["open/**", "team/**"], allow: [pull, push, delete] }
  - { who: alice, repositories: "kept/**", allow: pull }
`;

interface Place {
  readonly url: string;
  close(): Promise<void>;
}

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('pages-repositories');
});
afterAll(() => folder.close());

const PLACES: readonly {
  readonly name: string;
  readonly untags: boolean;
  readonly open: () => Promise<Place>;
}[] = [
  { name: 'docker-registry', untags: false, open: () => startRegistry() },
  {
    name: 'the embedded registry',
    untags: true,
    open: async () => ({ url: `embedded:${join(folder.path, 'embedded')}`, close: async () => undefined }),
  },
];

/** What is there before the gate is. The first repository has the last name, and the highest id the first. */
async function fill({ repository }: InnerRegistry): Promise<void> {
  const app = repository('team/app');
  await pushImage(app, { layers: ['base', 'one'], tags: ['1.9.0'] });
  await pushImage(app, { layers: ['base', 'two'], tags: ['1.10.0', 'latest'] });
  const child = await pushImage(app, { layers: ['base', 'child'] });
  await pushIndex(app, [child], ['multi']);
  await pushImage(app, { layers: ['base', 'three'], tags: ['overwritten', 'stays'] });
  await pushImage(app, { layers: ['base', 'four'], tags: ['moving'] });
  await pushImage(repository('secret/app'), { layers: ['nobody'], tags: ['1'] });
  await pushImage(repository('kept/app'), { layers: ['kept'], tags: ['1', '2'] });
  await pushImage(repository('open/app'), { layers: ['base'], tags: ['1'] });
}

/** The form of a summary, as a browser sends it. */
function formOf({ body }: PageReply): readonly [string, string][] {
  const form = /<form action="[^"]*\/-\/remove" method="post">([\s\S]*?)<\/form>/.exec(body)?.[1] ?? '';
  return [...form.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
}

describeWith(['docker-registry'], 'the pages of repositories', () => {
  describe.each(PLACES)('of $name', ({ name, untags, open }) => {
    let place: Place;
    let gate: TestGate;
    let audit: string;
    let alice: PageClient;
    let stranger: PageClient;

    beforeAll(async () => {
      place = await open();
      const state = join(folder.path, `state of ${name}`);
      await mkdir(state);
      const inner = await openInner({ backend: backendOf(place.url) }, state);
      await fill(inner.registry);
      await inner.close();
      const access = join(folder.path, 'access.yml');
      await writeFile(access, ACCESS);
      audit = join(state, 'audit.log');
      gate = await startTestGate({
        backend: place.url,
        config: { access, pages: 'on', state, audit: { file: audit, chain: false } },
      });
      alice = new PageClient(gate);
      stranger = new PageClient(gate);
      await alice.signIn(TEST_USER, TEST_PASSWORD);
      // The walk comes to all of them.
      await until(
        async () => {
          const { body } = await alice.get('/?search=app');
          const isWhole =
            body.includes('3 repositories match') && !/still reading|class="[^"]*">\d+\+</.test(body);
          return isWhole ? true : undefined;
        },
        () => 'the inventory is not complete',
      );
    });

    afterAll(async () => {
      await gate?.close();
      await place?.close();
    });

    /** Removes the tags as a person does: the summary, then its form. */
    async function remove(query: string): Promise<{ readonly summary: PageReply; readonly done: PageReply }> {
      const summary = await alice.get(`/r/team/app/-/remove?${query}`);
      return { summary, done: await alice.post('/r/team/app/-/remove', formOf(summary)) };
    }

    async function tags(): Promise<readonly string[]> {
      const { body } = await alice.get('/r/team/app');
      return [...body.matchAll(/name="tag" value="([^"]+)"/g)].map(([, tag = '']) => tag);
    }

    it('list what somebody may pull, and nothing else', async () => {
      const everything = await alice.get('/?search=app');
      expect(everything.body).toContain('href="/r/team/app"');
      expect(everything.body).not.toContain('secret');
      const open = await stranger.get('/?search=app');
      expect(open.body).toContain('1 repository matches');
      expect(open.body).not.toMatch(/team|secret|kept/);
      expect((await stranger.get('/')).body).toContain('href="/?folder=open"');
      expect((await stranger.get('/space')).body).not.toMatch(/team|secret|kept/);
    });

    it.each([
      '/r/secret/app',
      '/r/none/app',
      '/space?repository=secret/app',
      '/r/secret/app/-/remove?tag=1',
      '/r/secret/app/-/untagged',
    ])('%s is the same as what is not there', async (path) => {
      const { status, body } = await alice.get(path);
      expect(status).toBe(404);
      expect(body).not.toContain('secret/app</');
    });

    it('show tags as versions, with the line that pulls the newest', async () => {
      const { body } = await alice.get('/r/team/app');
      expect(body.indexOf('value="1.10.0"')).toBeLessThan(body.indexOf('value="1.9.0"'));
      expect(body).toContain('docker pull 127.0.0.1');
      expect(body).toContain('aria-sort="descending"');
      const found = await alice.get('/r/team/app?search=1.9');
      expect(found.body).not.toContain('value="1.10.0"');
    });

    it('let nobody choose or remove tags without the right', async () => {
      const { body } = await alice.get('/r/kept/app');
      expect(body).not.toContain('type="checkbox"');
      expect((await alice.get('/r/kept/app/-/remove?tag=1')).status).toBe(403);
      const csrf = await alice.formToken();
      expect(
        (
          await alice.post('/r/kept/app/-/remove', [
            ['csrf', csrf],
            ['tag', '1'],
          ])
        ).status,
      ).toBe(403);
      expect((await alice.get('/r/kept/app')).body).toContain('2 tags');
    });

    it('lead from two chosen tags to their comparison', async () => {
      const { status, location } = await alice.get('/r/team/app/-/remove?do=compare&tag=1.10.0&tag=1.9.0');
      expect([status, location]).toEqual([303, '/r/team/app/-/compare?a=1.9.0&b=1.10.0']);
    });

    it('remove a tag with its image, under the name of the user', async () => {
      const { summary, done } = await remove('tag=1.9.0');
      expect(summary.body).toContain('goes, and its image with it');
      expect(summary.body).toContain('Remove 1 tag');
      expect(done.body).toContain('Removed');
      await expect.poll(tags).not.toContain('1.9.0');
      await expect
        .poll(() => readFile(audit, 'utf8'))
        .toMatch(
          /"event":"delete","result":"done".*"user":"alice","signedInBy":"session".*"repository":"team\/app"/,
        );
      expect(gate.log.join('\n')).toMatch(
        /"user":"alice",.*"method":"DELETE","path":"\/v2\/team\/app\/manifests\/sha256:/,
      );
    });

    it('say which other tags have the image, and leave those', async () => {
      const summary = await alice.get('/r/team/app/-/remove?tag=1.10.0');
      expect(summary.body).toContain('same image: latest');
      expect(summary.body.includes('removes no tag alone')).toBe(!untags);
      const all = await alice.get('/r/team/app/-/remove?tag=1.10.0&shared=all');
      expect(all.body.includes('goes along with its image')).toBe(!untags);
    });

    it('remove a tag alone', async () => {
      const { done } = await remove('tag=overwritten&shared=overwrite');
      expect(done.body).toContain('removed');
      await expect.poll(tags).not.toContain('overwritten');
      expect(await tags()).toContain('stays');
    });

    it('show what has no tag, and what keeps it', async () => {
      expect((await alice.get('/r/team/app')).body).toContain('href="/r/team/app/-/untagged"');
      const { body } = await alice.get('/r/team/app/-/untagged');
      // A registry behind the gate does not list the images of an index.
      expect(body.includes('part of multi')).toBe(untags);
      expect(body.includes('does not list these')).toBe(!untags);
      expect((await alice.get('/r/kept/app/-/untagged')).body).not.toContain('type="checkbox"');
    });

    it('remove an index with what is in it', async () => {
      const { summary, done } = await remove('tag=multi');
      expect(summary.body).toContain('Images inside their indexes');
      expect(done.body).toContain('without a tag: 1');
      await expect.poll(tags).not.toContain('multi');
    });

    it('remove nothing where the repository has changed since the summary', async () => {
      const summary = await alice.get('/r/team/app/-/remove?tag=moving');
      const before = await openInner(
        { backend: backendOf(place.url) },
        join(folder.path, `state of ${name}`),
      );
      await pushImage(before.registry.repository('team/app'), { layers: ['base', 'five'], tags: ['moving'] });
      await before.close();
      const answer = await alice.post('/r/team/app/-/remove', formOf(summary));
      expect(answer.body).toContain('Nothing was removed. Look at it again');
      expect(await tags()).toContain('moving');
    });

    it('show an image that its tag has left, and remove it', async () => {
      const untagged = async (): Promise<readonly string[]> => {
        await alice.get('/r/team/app');
        const { body } = await alice.get('/r/team/app/-/untagged');
        const rows = body.split('<tr>').filter((row) => />\s*nothing\s*</.test(row));
        return rows.flatMap((row) => /name="digest" value="([^"]+)"/.exec(row)?.[1] ?? []);
      };
      await expect.poll(untagged).toHaveLength(1);
      const [digest = ''] = await untagged();
      const { body } = await alice.get('/r/team/app/-/untagged');
      expect(body).toMatch(untags ? /registry-gate gc --untagged/ : /registry garbage-collect -m/);
      const { summary, done } = await remove(`digest=${digest}`);
      expect(summary.body).toContain('Remove 1 manifest');
      expect(done.body).toContain('Removed');
      await expect.poll(untagged).toEqual([]);
      const again = await alice.get(`/r/team/app/-/remove?digest=${digest}`);
      expect(again.body).toContain('is not there any more');
    });

    it('refuse a form that this session did not make', async () => {
      const answer = await alice.post('/r/team/app/-/remove', [
        ['csrf', 'x'],
        ['tag', 'latest'],
      ]);
      expect(answer.status).toBe(403);
      expect(await tags()).toContain('latest');
    });

    it('show what tags take', async () => {
      expect((await alice.get('/space')).body).toContain('<svg');
      expect((await alice.get('/space?repository=team/app')).body).toContain('>latest</a');
    });
  });
});
