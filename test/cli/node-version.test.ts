import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSupportedNode } from '../../src/lib/node/node-version.ts';
import { must, run, temporaryFolder, type Folder } from '../support/programs.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** A Node.js of this machine on which the gate does not run, and which can read an ES module. */
const OLD = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  .map((folder) => join(folder, 'node'))
  .find(
    (program) =>
      Number(versionOf(program).slice(1).split('.')[0]) >= 16 && !isSupportedNode(versionOf(program)),
  );

function versionOf(program: string): string {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return 'v0';
  }
}

/** The modules that are read before any of this one's code runs: types are gone by then. */
function staticImports(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = text.matchAll(/^(?:import|export)\b(?! type\b)[^;=]*?\bfrom '([^']+)';|^import '([^']+)';/gm);
  return [...found].map((match) => match[1] ?? match[2] ?? '');
}

describe('the check of the version of Node.js', () => {
  it('is all that is loaded before it', () => {
    const loaded = [...new Set(staticImports('src/main.ts'))];
    expect(loaded.toSorted()).toEqual(['./cli/terminal/early-signals.ts', './lib/node/node-version.ts']);
    for (const path of loaded) expect(staticImports(`src/${path}`)).toEqual([]);
  });

  it('lets pass what package.json asks for', () => {
    // The package says it; the checkout, which brings its own Node.js, does not ask it of the machine's.
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly scripts: { readonly prepack: string };
    };
    const versions = [...scripts.prepack.matchAll(/\d+\.\d+\.\d+/g)];
    expect(versions.length).toBeGreaterThan(1);
    for (const [version = ''] of versions) {
      expect(isSupportedNode(`v${version}`)).toBe(true);
      const [major, minor, patch] = version.split('.').map(Number);
      expect(isSupportedNode(`v${major}.${minor}.${(patch ?? 0) - 1}`)).toBe(false);
    }
  });
});

const COMMANDS = [
  '',
  '--version',
  '--help',
  'up',
  'serve',
  'certs init --host registry.lan',
  'certs status',
  'certs renew',
  'certs trust --for docker registry.lan',
  'users list',
  'tokens list',
  'access check alice pull a',
  'audit verify',
  'abuse list',
  'config check',
  'gc',
  'docs',
  'worker 0 1',
  'nothing-of-the-kind',
];

describe.skipIf(OLD === undefined)(
  'the built program on an older Node.js (skipped where there is none)',
  () => {
    let dist: Folder;

    beforeAll(async () => {
      dist = await temporaryFolder('dist');
      await must(join(ROOT, 'node_modules/.bin/rolldown'), ['-c', 'rolldown.config.ts', '--dir', dist.path], {
        cwd: ROOT,
      });
    });
    afterAll(() => dist.close());

    it.each(COMMANDS)(
      'ends "%s" with one line: what is here, what is needed, what to do',
      async (command) => {
        const args = [join(dist.path, 'main.js'), ...command.split(' ').filter(Boolean)];
        const { status, stdout, output } = await run(OLD ?? '', args, { cwd: dist.path });
        expect(output).toMatch(/^registry-gate: error\[NODE_UNSUPPORTED\]: .*\n$/);
        expect(output).toContain(versionOf(OLD ?? ''));
        expect(output).toMatch(/needs 22\.23\.2, 24\.18\.1 or 26\.5\.1.*Install one/);
        expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      },
    );
  },
);
