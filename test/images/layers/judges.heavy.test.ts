import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { must, run, TOOLS, temporaryFolder, type Folder } from '../../support/programs.ts';
import { startRegistry, type Registry } from '../../support/registry.ts';
import { describeWith } from '../../support/requires.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const MOST = { maxBuffer: 1024 ** 3 };

describeWith(
  ['crane', 'umoci', 'skopeo', 'docker-registry', 'tar'],
  'the files of a Debian with changes',
  () => {
    let folder: Folder;
    let registry: Registry;
    let name: string;

    const gate = (...args: readonly string[]): Promise<string> =>
      must(process.execPath, [MAIN, 'images', ...args], { env: { NO_COLOR: '1' } });
    const at = (path: string): string => join(folder.path, path);

    /** Adds a layer of the files in a folder, and of whiteouts. */
    const append = async (tree: string, base: string, tag: string): Promise<void> => {
      await must('tar', ['-C', at(tree), '-cf', at(`${tree}.tar`), '.']);
      await must('crane', [
        'append',
        '--insecure',
        '-b',
        `${name}:${base}`,
        '-f',
        at(`${tree}.tar`),
        '-t',
        `${name}:${tag}`,
      ]);
    };

    beforeAll(async () => {
      folder = await temporaryFolder('files');
      registry = await startRegistry();
      name = `${registry.url.replace('http://', '')}/app`;
      await must('crane', [
        'append',
        '--insecure',
        '-f',
        join(TOOLS, 'images/bookworm.tar'),
        '-t',
        `${name}:base`,
      ]);
      await mkdir(at('changes/etc'), { recursive: true });
      await mkdir(at('changes/usr/share'), { recursive: true });
      await mkdir(at('changes/var/lib'), { recursive: true });
      await writeFile(at('changes/etc/.wh.passwd'), '');
      await writeFile(at('changes/usr/share/.wh.doc'), '');
      await writeFile(at('changes/var/lib/dpkg'), 'a file in the place of a directory');
      await writeFile(at('changes/etc/issue'), 'changed');
      await link(at('changes/etc/issue'), at('changes/etc/hard'));
      await symlink('../etc/issue', at('changes/usr/issue'));
      await append('changes', 'base', 'changed');
      await must('crane', ['export', '--insecure', `${name}:changed`, at('crane.tar')]);
      await mkdir(at('opaque/usr/share'), { recursive: true });
      await writeFile(at('opaque/usr/share/.wh..wh..opq'), '');
      await writeFile(at('opaque/usr/share/only'), 'only');
      await append('opaque', 'changed', 'opaque');
    });
    afterAll(async () => {
      await registry.close();
      await folder.close();
    });

    /** Mode, owner, size and name of each line of `tar -tv --numeric-owner`. A hard link has no size there. */
    const fromTar = (list: string): string[] =>
      list
        .trim()
        .split('\n')
        .map((line) => /^(\S+) (\d+)\/(\d+) +(\S+) \S+ \S+ (?:\.\/)?(.*)$/s.exec(line))
        .map((match) => match?.slice(1) ?? [])
        .map(([mode = '', uid, gid, size, path = '']) => {
          const isHard = mode.startsWith('h');
          const isPlain = !/^[lch]/.test(mode);
          const shown = path.replace(/\/$/, '');
          return [
            isHard ? '-' : mode[0],
            mode.slice(1),
            `${uid}:${gid}`,
            isPlain && mode[0] === '-' ? size : '',
            shown,
          ].join(' ');
        })
        .filter((line) => !/ \.?$/.test(line))
        .sort();

    const fromUs = (list: string): string[] =>
      list
        .trim()
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([mode = '', owner = '', size = '', , path = '']) => {
          const isSized = mode.startsWith('-') && !path.includes(' link to ');
          return [mode[0], mode.slice(1), owner, isSized ? size : '', path].join(' ');
        })
        .sort();

    it('are those that crane exports', async () => {
      const tar = execFileSync('crane', ['export', '--insecure', `${name}:changed`, '-'], MOST);
      const theirs = execFileSync('tar', ['-tv', '--numeric-owner', '--quoting-style=literal'], {
        ...MOST,
        input: tar,
      }).toString();
      const ours = await gate('files', '--plain-http', '--recursive', `${name}:changed`);
      const cut = (lines: readonly string[]): string[] =>
        lines.map((line) => line.replace(/ link to \.\//, ' link to '));
      expect(cut(fromUs(ours))).toEqual(cut(fromTar(theirs)));
    });

    it('are those that umoci unpacks, opaque directories too', async () => {
      await must('skopeo', [
        'copy',
        '--src-tls-verify=false',
        `docker://${name}:opaque`,
        `oci:${at('layout')}:1`,
      ]);
      await must('umoci', ['raw', 'unpack', '--image', `${at('layout')}:1`, at('rootfs')]);
      const theirs = await must('find', [at('rootfs'), '-mindepth', '1', '-printf', '%P\n']);
      const lines = (await gate('files', '--plain-http', '--recursive', '--json', `${name}:opaque`)).split(
        '\n',
      );
      const ours = lines.map((line) => (JSON.parse(line) as { path: string }).path.slice(1));
      expect(ours.toSorted()).toEqual(theirs.split('\n').toSorted());
    });

    it.each([
      ['etc/hard', 'etc/issue'],
      ['usr/bin/perl', 'usr/bin/perl'],
      ['bin/bash', 'usr/bin/bash'],
    ])('%s is printed byte for byte', async (path, real) => {
      const member = (await must('tar', ['-tf', at('crane.tar')]))
        .split('\n')
        .find((it) => it.replace(/^\.\//, '') === real);
      const theirs = execFileSync('tar', ['-xOf', at('crane.tar'), member ?? real], MOST);
      const ours = execFileSync(
        process.execPath,
        [MAIN, 'images', 'cat', '--plain-http', `${name}:changed`, path],
        MOST,
      );
      expect(sha256(ours)).toBe(sha256(theirs));
    });

    it('does without the rest when the reader has enough', async () => {
      const script = `"$0" "$1" images cat --plain-http "$2" usr/bin/perl | head -c 4`;
      const ran = await run('bash', [
        '-o',
        'pipefail',
        '-c',
        script,
        process.execPath,
        MAIN,
        `${name}:changed`,
      ]);
      expect(ran).toMatchObject({ stdout: '\u007fELF' });
    });
  },
);

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
