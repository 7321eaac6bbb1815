import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PageClient } from '../support/page-client.ts';
import { registryOf } from '../support/page-images.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { pushImage } from '../support/push-image.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const ACCESS = `rules:
  - { who: anonymous, repositories: "**", allow: pull }
  - { who: alice, repositories: "**", allow: [pull, push] }
`;
const PAGES = [
  '/',
  '/?folder=open',
  '/?search=app',
  '/r/open/app',
  '/r/open/app/-/image/1',
  '/space',
  '/connect',
];

let folder: Folder;
let gate: TestGate;

beforeAll(async () => {
  folder = await temporaryFolder('names');
  const access = join(folder.path, 'access.yml');
  await writeFile(access, ACCESS);
  const config = { pages: 'on' as const, state: folder.path, access };
  gate = await startTestGate({ backend: `embedded:${join(folder.path, 'data')}`, config });
  const registry = registryOf(gate);
  await pushImage(registry.repository('open/app'), { layers: ['one'], tags: ['1'] });
  await registry.close();
});

afterAll(async () => {
  await gate.close();
  await folder.close();
});

describe('the names of accounts', () => {
  it('are shown to whoever has signed in, and on no page to anybody else', async () => {
    const alice = new PageClient(gate);
    await alice.signIn(gate.user, gate.password);
    const who = '<td class="wide who">alice</td>';
    await expect.poll(async () => (await alice.get('/?search=app')).body).toContain(who);
    await expect.poll(async () => (await alice.get('/r/open/app')).body).toContain(who);
    const stranger = new PageClient(gate);
    for (const path of PAGES) {
      const { status, body } = await stranger.get(path);
      expect([
        path,
        status,
        body.includes('open/app') || path === '/connect' || path === '/',
        body.includes('alice'),
      ]).toEqual([path, 200, true, false]);
    }
  });
});
