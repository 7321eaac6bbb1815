import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { keepReserve, RESERVE_NAME } from '../../src/lib/files/reserve.ts';
import { MOUNT_NEEDS, describeWith } from '../support/requires.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { recordingTerminal } from '../support/terminal.ts';

const PASSWORD = 'Pa55-of-alice:zebra';

describeWith([...MOUNT_NEEDS, 'umount'], 'on a disk without a free byte', () => {
  let disk: SmallDisk;
  let certs: string;

  beforeEach(async () => {
    disk = await mountSmallDisk('commands', '2m');
    certs = join(disk.path, 'certs');
    await mkdir(certs);
    await done(['certs', 'init', '--host', 'localhost', '--certs', certs]);
    await done(['users', 'add', 'alice', '--password-stdin', '--users', join(certs, 'htpasswd')]);
  });
  afterEach(() => disk.close());

  async function ran(args: readonly string[]): Promise<{ code: number; words: string }> {
    const terminal = recordingTerminal({ stdin: `${PASSWORD}\n` });
    const code = await run([...args], terminal);
    return { code, words: terminal.stderr() };
  }

  async function done(args: readonly string[]): Promise<void> {
    const { code, words } = await ran(args);
    if (code !== 0) throw new Error(`${args.join(' ')}: ${words}`);
  }

  it('users are added and removed and a certificate is renewed, out of the reserve, again and again', async () => {
    await keepReserve(certs);
    const users = join(certs, 'htpasswd');
    const before = await readFile(join(certs, 'domain.crt'), 'utf8');
    await disk.fill();
    for (const name of ['bob', 'carol'])
      await done(['users', 'add', name, '--password-stdin', '--users', users]);
    await done(['users', 'remove', 'alice', '--users', users]);
    await done(['certs', 'renew', '--force', '--certs', certs]);
    const names = (await readFile(users, 'utf8')).split('\n').map((line) => line.split(':')[0]);
    expect(names.filter((name) => name !== '')).toEqual(['bob', 'carol']);
    expect(await readFile(join(certs, 'domain.crt'), 'utf8')).not.toBe(before);
    expect(await readdir(certs)).toContain(RESERVE_NAME);
  });

  it('users are as they were where there is no reserve, and the cure is said', async () => {
    await rm(join(certs, RESERVE_NAME), { force: true });
    await disk.fill();
    const users = join(certs, 'htpasswd');
    const before = await readFile(users);
    const { code, words } = await ran(['users', 'add', 'bob', '--password-stdin', '--users', users]);
    expect([code, words]).toEqual([1, expect.stringContaining('Free some space')]);
    expect(await readFile(users)).toEqual(before);
    expect((await readdir(certs)).filter((name) => /tmp|lock/.test(name))).toEqual([]);
  });
});
