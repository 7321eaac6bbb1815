import { access, cp, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkRuntime } from '../../src/lib/node/runtime-check.ts';
import { must, run, temporaryFolder, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** As on a machine whose Node.js is one that the package supports. */
const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;

describeWith(['npm', 'git', 'tar'], 'the package that npm makes', () => {
  let folder: Folder;
  let packed: string;
  let prefix: string;

  beforeAll(async () => {
    folder = await temporaryFolder('package');
    const checkout = join(folder.path, 'checkout');
    // npm writes into the checkout while it packs: into a copy of ours.
    const listed = await must('git', ['ls-files', '-z'], { cwd: ROOT });
    for (const name of listed.split('\0').filter(Boolean)) {
      await cp(join(ROOT, name), join(checkout, name), { recursive: true });
    }
    await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    await must('npm', ['pack', '--pack-destination', folder.path], { cwd: checkout });
    const name = (await readdir(folder.path)).find((entry) => entry.endsWith('.tgz')) ?? '';
    packed = join(folder.path, name);
    prefix = join(folder.path, 'prefix');
    await mkdir(join(folder.path, 'unpacked'));
    await must('tar', ['--extract', '--file', packed, '--directory', join(folder.path, 'unpacked')]);
  });
  afterAll(() => folder.close());

  const unpacked = (...names: readonly string[]): string => join(folder.path, 'unpacked/package', ...names);

  it('carries all that its pages link to', async () => {
    const pages = (await readdir(unpacked(), { recursive: true })).filter(
      (name) => name.endsWith('.md') && !name.startsWith('node_modules'),
    );
    expect(pages).toContain('README.md');
    expect(pages).toContain('docs/install.md');
    const broken: string[] = [];
    for (const page of pages) {
      const text = (await readFile(unpacked(page), 'utf8')).replace(/^ *```[\s\S]*?^ *```$/gm, '');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:|^#/.test(target)) continue;
        const path = unpacked(dirname(page), target.replace(/#.*/, ''));
        await access(path).catch(() => broken.push(`${page}: ${target}`));
      }
    }
    expect(broken).toEqual([]);
  });

  it('names the versions of Node.js that the program takes', async () => {
    const { engines } = JSON.parse(await readFile(unpacked('package.json'), 'utf8'));
    const floors: string[] = engines.node.match(/\d+\.\d+\.\d+/g);
    expect(floors.length).toBeGreaterThan(1);
    for (const version of floors) {
      checkRuntime({
        nodeVersion: `v${version}`,
        execArgv: [],
        nodeOptions: '',
        rejectUnauthorized: undefined,
      });
    }
  });

  it('leaves package.json in the checkout as it was', async () => {
    const after = await readFile(join(folder.path, 'checkout/package.json'), 'utf8');
    expect(after).toBe(await readFile(join(ROOT, 'package.json'), 'utf8'));
  });

  it('carries no source, no test and no key', async () => {
    const names = await readdir(unpacked(), { recursive: true });
    expect(
      names.filter((name) => /^(?:src|test|bench|certs|node_modules)\/|\.key$|^\.env$/.test(name)),
    ).toEqual([]);
  });

  it('installs, and the command is on the PATH of the prefix', async () => {
    await must('npm', ['install', '--global', '--prefix', prefix, packed], { env: { PATH } });
    const command = join(prefix, 'bin/registry-gate');
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect(await must(command, ['--version'], { env: { PATH } })).toBe(version);
    const certs = join(folder.path, 'certs');
    await must(command, ['certs', 'init', '--host', 'registry.lan', '--certs', certs], { env: { PATH } });
    const status = await run(command, ['certs', 'status', '--certs', certs], { env: { PATH } });
    expect(status).toMatchObject({ status: 0 });
    await access(join(prefix, 'lib/node_modules/registry-gate/deploy/registry-gate.service'));
  });
});
