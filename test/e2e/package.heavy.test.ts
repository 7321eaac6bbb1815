import { access, cp, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkRuntime } from '../../src/lib/node/runtime-check.ts';
import { must, run, startDaemon, temporaryFolder, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** As on a machine whose Node.js is one that the package supports. */
const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;

describeWith(['npm', 'git', 'tar', 'curl'], 'the package that npm makes', () => {
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

  it('has the program of each thread where the code looks for it', async () => {
    const sources = await readdir(join(ROOT, 'src'), { recursive: true });
    const programs: string[] = [];
    for (const path of sources.filter((name) => name.endsWith('.ts'))) {
      const text = await readFile(join(ROOT, 'src', path), 'utf8');
      for (const [, program = ''] of text.matchAll(/threadProgram\('([^']+)', import\.meta\.url\)/g))
        programs.push(`${join(dirname(path), program)}.js`);
    }
    expect(programs.length).toBeGreaterThan(3);
    await Promise.all(programs.map((program) => access(unpacked('dist', program))));
  });

  it('imports nothing but Node.js and its dependencies', async () => {
    const { dependencies }: { readonly dependencies: object } = JSON.parse(
      await readFile(unpacked('package.json'), 'utf8'),
    );
    const names = await readdir(unpacked('dist'), { recursive: true });
    const files = names.filter((name) => name.endsWith('.js') && !name.startsWith('pages/assets'));
    const imported = new Set<string>();
    for (const name of files) {
      const text = await readFile(unpacked('dist', name), 'utf8');
      for (const [, named, loaded = ''] of text.matchAll(
        /^import (?:.* from )?"([^."][^"]*)";$|import\("([^."][^"]*)"\)/gm,
      ))
        imported.add(/^(?:@[^/]+\/)?[^/]+/.exec(named ?? loaded)?.[0] ?? '');
    }
    const foreign = [...imported].filter((name) => name !== '' && !name.startsWith('node:'));
    expect(foreign).toContain('commander');
    expect(foreign.filter((name) => !(name in dependencies))).toEqual([]);
  });

  it('exports what the sources export', async () => {
    const built: object = await import(pathToFileURL(unpacked('dist/index.js')).href);
    const source: object = await import('../../src/index.ts');
    expect(Object.keys(built).toSorted()).toEqual(Object.keys(source).toSorted());
    await access(unpacked('dist/index.d.ts'));
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
    await serves(command, certs, join(folder.path, 'data'));
    await access(join(prefix, 'lib/node_modules/registry-gate/deploy/registry-gate.service'));
  });
});

/** Starts a gate, and takes from it what its threads and its files make: an answer to a password, and a page with its style. */
async function serves(command: string, certs: string, data: string): Promise<void> {
  const args = ['up', '--listen', '127.0.0.1:0', '--certs', certs, '--data', data];
  const gate = startDaemon(command, args, { env: { PATH } });
  try {
    const { groups } = await gate.line(/serves https:\/\/[^ :]+:(?<port>\d+)/);
    const origin = `https://127.0.0.1:${groups?.['port']}`;
    const password = (await readFile(join(certs, 'first-password.txt'), 'utf8')).trim();
    const curl = (path: string, ...more: readonly string[]): Promise<string> =>
      must('curl', ['--silent', '--fail', '--cacert', join(certs, 'ca.crt'), ...more, `${origin}${path}`]);
    await curl('/v2/', '--user', `admin:${password}`);
    const style = /"(\/pages\/[^"]+\.css)"/.exec(await curl('/sign-in'))?.[1] ?? '';
    expect(await curl(style)).toContain('{');
  } finally {
    await gate.close();
  }
}
