import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run, temporaryFolder, type Folder } from './programs.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const SUPPORT = join(ROOT, 'test/support');

let folder: Folder;
beforeEach(async () => void (folder = await temporaryFolder('skipped')));
afterEach(() => folder.close());

/** What a run of one file prints that has this in it. */
async function printed(body: string): Promise<string> {
  const config = `import { SkippedReporter } from ${JSON.stringify(join(SUPPORT, 'skipped-reporter.ts'))};
    export default { test: { root: ${JSON.stringify(folder.path)}, include: ['*.test.ts'], watch: false,
    reporters: ['default', new SkippedReporter()] } };`;
  const test = `import { describe, it } from ${JSON.stringify(join(ROOT, 'node_modules/vitest/dist/index.js'))};
    import { describeWith } from ${JSON.stringify(join(SUPPORT, 'requires.ts'))};
    ${body}`;
  await writeFile(join(folder.path, 'vitest.config.mjs'), config);
  await writeFile(join(folder.path, 'one.test.ts'), test);
  const args = [VITEST, 'run', '--config', join(folder.path, 'vitest.config.mjs')];
  const { output } = await run(process.execPath, args, { cwd: folder.path, env: { E2E: '' } });
  return output;
}

describe('A10: the end of a run', () => {
  it('names what was skipped, once for a suite, and why', async () => {
    const output = await printed(`
      it('runs', () => undefined);
      it.skip('rests', () => undefined);
      describeWith(['no-such-program'], 'what drives it', () => {
        it('one', () => undefined);
        it('two', () => undefined);
      });`);
    expect(output).toContain(' Skipped:\n');
    expect(output).toContain('   one.test.ts: rests: 1 test\n');
    expect(output).toContain(
      '   one.test.ts: what drives it (skipped: no-such-program not installed): 2 tests\n',
    );
  });

  it('says that nothing was', async () => {
    expect(await printed(`it('runs', () => undefined);`)).toContain(' Skipped: nothing\n');
  });
});
