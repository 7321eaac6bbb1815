import { copyFile, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { renewCertificate } from '../../src/pki/authority/renewal.ts';
import { loadServerCertificate } from '../../src/pki/authority/server-certificate.ts';
import { run } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { HOSTS, makeDirectory, temporaryFolders } from './support.ts';

const folder = temporaryFolders();
const now = new Date();
const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

/** A directory as a writer leaves it that stops after `.domain.pending` and, where `renamed`, after the key. */
async function interrupted(renamed: boolean): Promise<{ readonly directory: string; readonly next: string }> {
  const directory = await makeDirectory(await folder(), { now });
  const next = await makeDirectory(await folder(), { now });
  for (const file of ['ca.key', 'ca.crt']) await copyFile(join(directory, file), join(next, file));
  await initCertificates({ directory: next, hosts: HOSTS, now, force: true });
  const [key, certificate] = await Promise.all(
    ['domain.key', 'domain.crt'].map((file) => readFile(join(next, file), 'utf8')),
  );
  await writeFile(join(directory, '.domain.pending'), `${key}${certificate}`, { mode: 0o600 });
  if (renamed) await copyFile(join(next, 'domain.key'), join(directory, 'domain.key'));
  return { directory, next };
}

describe('a writer that stopped between key and certificate', () => {
  it('does not keep the server from starting', async () => {
    const { directory, next } = await interrupted(true);
    const loaded = await loadServerCertificate({ directory }, now);
    expect(loaded.cert).toBe(await readFile(join(next, 'domain.crt'), 'utf8'));
  });

  it('is finished by the next command', async () => {
    const { directory, next } = await interrupted(true);
    expect(await renewCertificate({ directory, now })).toBe('current');
    expect(await readFile(join(directory, 'domain.crt'))).toEqual(await readFile(join(next, 'domain.crt')));
    expect(await readdir(directory)).not.toContain('.domain.pending');
  });

  it('is forgotten where it had not begun to rename', async () => {
    const { directory } = await interrupted(false);
    const before = await readFile(join(directory, 'domain.crt'));
    expect((await loadServerCertificate({ directory }, now)).cert).toBe(before.toString());
    expect(await renewCertificate({ directory, now })).toBe('current');
    expect(await readFile(join(directory, 'domain.crt'))).toEqual(before);
    expect(await readdir(directory)).not.toContain('.domain.pending');
  });

  it('never overrides a pair that somebody has put there since', async () => {
    const { directory } = await interrupted(true);
    const other = await makeDirectory(await folder(), { now });
    for (const file of ['domain.key', 'domain.crt']) await copyFile(join(other, file), join(directory, file));
    await rm(join(directory, 'ca.crt'));
    expect((await loadServerCertificate({ directory }, now)).cert).toBe(
      await readFile(join(other, 'domain.crt'), 'utf8'),
    );
  });

  it('leaves no temporary file for ever', async () => {
    const directory = await makeDirectory(await folder(), { now });
    await writeFile(join(directory, '.domain.key.0123456789ab.tmp'), 'secret');
    await writeFile(join(directory, '.ca.pending.tmp'), 'not ours');
    await renewCertificate({ directory, now });
    expect((await readdir(directory)).filter((file) => file.startsWith('.'))).toEqual(['.ca.pending.tmp']);
  });
});

describeWith(['strace'], 'a command that is killed at a rename', () => {
  /** Runs a command whose nth rename kills it; the file system is as a power cut would leave it. */
  async function killedAt(nth: number, args: readonly string[]): Promise<void> {
    const inject = `inject=rename,renameat,renameat2:signal=KILL:when=${nth}`;
    const watch = ['-f', '-qq', '-e', 'trace=rename,renameat,renameat2', '-e', inject];
    // strace counts by thread: one thread for all file operations.
    const options = { env: { UV_THREADPOOL_SIZE: '1' } };
    const { status } = await run('strace', [...watch, process.execPath, MAIN, ...args], options);
    expect(status).not.toBe(0);
  }

  it.each([1, 2, 3])('renew, rename %i: the server starts, and the next renew is as ever', async (nth) => {
    const directory = await makeDirectory(await folder(), { now });
    await killedAt(nth, ['certs', 'renew', '--force', '--certs', directory]);
    expect((await loadServerCertificate({ directory }, new Date())).names).toEqual(HOSTS);
    expect(await renewCertificate({ directory, now: new Date(), force: true })).toBe('renewed');
    expect((await loadServerCertificate({ directory }, new Date())).warnings).toEqual([]);
    expect((await readdir(directory)).toSorted()).toEqual(['ca.crt', 'ca.key', 'domain.crt', 'domain.key']);
  });

  it.each([1, 2, 3, 4, 5, 6])('init, rename %i: the next init succeeds', async (nth) => {
    const directory = await folder();
    await killedAt(nth, ['certs', 'init', '--host', 'registry.lan', '--certs', directory]);
    const authority = await readFile(join(directory, 'ca.crt')).catch(() => undefined);
    await initCertificates({ directory, hosts: ['registry.lan'], now: new Date() });
    expect((await loadServerCertificate({ directory }, new Date())).names).toEqual(['registry.lan']);
    expect(await readFile(join(directory, 'ca.crt'))).toEqual(
      authority ?? (await readFile(join(directory, 'ca.crt'))),
    );
    expect((await readdir(directory)).toSorted()).toEqual(['ca.crt', 'ca.key', 'domain.crt', 'domain.key']);
  });

  const CERTIFICATES = ['ca.crt', 'ca.key', 'domain.crt', 'domain.key'];
  const FINISHED = { start: [...CERTIFICATES, 'ca-next.crt', 'ca-next.key'], retire: CERTIFICATES } as const;
  const switched = [...CERTIFICATES, 'ca-previous.crt', 'ca-previous.key'];

  it.each([
    ...[1, 2, 3].map((nth) => ({ step: 'start', before: [], nth, files: FINISHED.start })),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((nth) => ({
      step: 'switch',
      before: ['start'],
      nth,
      files: switched,
    })),
    ...[1, 2, 3].map((nth) => ({ step: 'retire', before: ['start', 'switch'], nth, files: FINISHED.retire })),
  ])('rollover $step, rename $nth: the server starts, and a repetition finishes', async (kill) => {
    const directory = await makeDirectory(await folder(), { now });
    const take = async (step: string): Promise<void> => {
      const done = await run(process.execPath, [MAIN, 'certs', 'rollover', step, '--certs', directory]);
      expect({ step, ...done }).toMatchObject({ status: 0 });
    };
    for (const step of kill.before) await take(step);
    await killedAt(kill.nth, ['certs', 'rollover', kill.step, '--certs', directory]);
    expect((await loadServerCertificate({ directory }, new Date())).names).toEqual(HOSTS);
    await take(kill.step);
    expect((await loadServerCertificate({ directory }, new Date())).warnings).toEqual([]);
    expect((await readdir(directory)).toSorted()).toEqual([...kill.files].toSorted());
  });
});
