import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, truncate, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../../../src/backend/embedded/embedded.ts';
import { problemOf } from '../../../../src/backend/embedded/disk/faults.ts';
import type { Watched } from '../../../../src/lib/streams/idle-watch.ts';
import { Paths } from '../../../../src/backend/embedded/disk/paths.ts';
import { AppError } from '../../../../src/lib/errors.ts';
import { temporaryFolder, until, type Folder } from '../../../support/programs.ts';
import { storedBlobs, V2 } from '../layout.ts';
import { serveEmbedded, type TestServer } from '../server.ts';
import { SpecClient } from '../spec-client.ts';

const SILENT = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
const REPOSITORY = 'team/app';

describe('when something goes wrong', () => {
  let folder: Folder;
  let server: TestServer;
  let client: SpecClient;
  let watched: Set<Watched>;

  beforeEach(async () => {
    folder = await temporaryFolder('faults');
    watched = new Set();
    const idle = {
      add: (one: Watched) => void watched.add(one),
      remove: (one: Watched) => void watched.delete(one),
    };
    server = await serveEmbedded(folder.path, { idle });
    client = new SpecClient(server.url);
  });
  afterEach(async () => {
    client.close();
    await server.close();
    await folder.close();
  });

  /** Files of the registry's folder that this process holds open. */
  function openFiles(): number {
    const links = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    });
    return links.filter((link) => link.startsWith(folder.path)).length;
  }

  it('cuts a download whose file became shorter, so that nobody takes a part for the whole', async () => {
    const digest = await client.blob(REPOSITORY, randomBytes(8_000_000));
    const [blob] = await storedBlobs(folder.path);
    const answer = new Promise<string>((resolve) => {
      get(new URL(`/v2/${REPOSITORY}/blobs/${digest}`, server.url), (res) => {
        void truncate(join(folder.path, V2, 'blobs', blob?.path ?? ''), 10).then(() => {
          res.on('error', () => undefined);
          res.on('close', () => resolve(res.complete ? 'whole' : 'cut'));
          res.resume();
        });
      });
    });
    expect(await answer).toBe('cut');
  });

  it.each([
    ['the whole', {}],
    ['several parts', { Range: 'bytes=0-999,2000-12000000,13000000-19000000' }],
  ])('closes the file when a client leaves in the middle of %s', async (_name, headers) => {
    const digest = await client.blob(REPOSITORY, randomBytes(20_000_000));
    for (let round = 0; round < 20; round += 1) {
      await new Promise<void>((resolve) => {
        const req = get(new URL(`/v2/${REPOSITORY}/blobs/${digest}`, server.url), { headers }, (res) => {
          res.once('data', () => req.destroy());
          res.on('error', () => undefined);
          res.on('close', resolve);
        });
        req.on('error', () => undefined);
      });
    }
    await until(
      () => (openFiles() === 0 && watched.size === 0 ? true : undefined),
      () => `${openFiles()} files are open, ${watched.size} transfers are watched`,
    );
    const { body } = await client.expect(200, 'GET', `/v2/${REPOSITORY}/blobs/${digest}`);
    expect(body.length).toBe(20_000_000);
  });

  it('waits for a reader that stands still, says so, and cuts when it is told to', async () => {
    const digest = await client.blob(REPOSITORY, randomBytes(20_000_000));
    const response = new Promise<IncomingMessage>((resolve) => {
      get(new URL(`/v2/${REPOSITORY}/blobs/${digest}`, server.url), (res) => {
        res.on('error', () => undefined);
        resolve(res.pause());
      });
    });
    const transfer = await until(
      () => [...watched].find((one) => one.progress().waitingFor === 'client-reading'),
      () => 'nobody waits for the reader',
    );
    const res = await response;
    transfer.expire('client-reading');
    await until(
      () => (openFiles() === 0 && watched.size === 0 ? true : undefined),
      () => 'the file is still open',
    );
    await new Promise((resolve) => res.once('close', resolve).resume());
    expect(res.complete).toBe(false);
  });

  it('says what is in the way when it is opened', async () => {
    const directory = join(folder.path, 'file');
    await writeFile(directory, '');
    const opened = openEmbedded({ directory, now: () => new Date(), logger: SILENT });
    await expect(opened).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      hint: expect.stringContaining(directory),
    });
  });

  it.each([
    [0o755, 1],
    [0o751, 1],
    [0o750, 0],
    [0o700, 0],
  ])(
    'warns of a folder that every user of the machine can read, and names the cure: %o',
    async (mode, count) => {
      await chmod(folder.path, mode);
      const warnings: object[] = [];
      const logger = { ...SILENT, warn: (fields: object) => void warnings.push(fields) };
      const opened = await openEmbedded({ directory: folder.path, now: () => new Date(), logger });
      await opened.close();
      expect(warnings.length).toBe(count);
      for (const { warning } of warnings as { readonly warning: string }[])
        expect(warning).toContain(`chmod -R o= ${folder.path}`);
    },
  );

  it('answers 500 with a sentence where a file stands in place of a folder', async () => {
    await mkdir(join(folder.path, V2, 'repositories/bad'), { recursive: true });
    await writeFile(join(folder.path, V2, 'repositories/bad/_layers'), '');
    const put = client.put(await client.begin('bad'), `sha256:${'0'.repeat(64)}`, 'some');
    expect((await put).status).toBe(400);
    await expect(client.blob('bad')).rejects.toThrow('500');
  });

  it.each([
    { code: 'ENOSPC', status: 507 },
    { code: 'EDQUOT', status: 507 },
    { code: 'EMFILE', status: 503 },
    { code: 'EROFS', status: 500 },
    { code: 'EACCES', status: 500 },
    { code: 'EIO', status: 500 },
    { code: 'EWHATEVER', status: 500 },
  ])('$code is $status', ({ code, status }) => {
    const error = Object.assign(new Error('x'), { code });
    expect(problemOf(error).status).toBe(status);
    expect(problemOf(new AppError('FILE_UNWRITABLE', { message: 'x', cause: error }))).toEqual(
      problemOf(error),
    );
  });

  it.each([
    { name: 'a repository', path: (paths: Paths) => paths.repository('../../etc') },
    { name: 'a repository with a slash at its end', path: (paths: Paths) => paths.repository('a/') },
    { name: 'a tag', path: (paths: Paths) => paths.tag('a', '..') },
    { name: 'a tag with a slash', path: (paths: Paths) => paths.tag('a', 'b/c') },
    { name: 'an upload', path: (paths: Paths) => paths.upload({ repository: 'a', id: '..', owner: '' }) },
  ])('no path leads out of the root: $name', ({ path }) => {
    expect(() => path(new Paths('/root'))).toThrow('not');
  });
});
