import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GATE_MAIN } from '../../support/gate-process.ts';
import { writeImage } from '../../support/images.ts';
import { run, temporaryFolder, type Folder } from '../../support/programs.ts';

let folder: Folder;
let image: string;

beforeAll(async () => {
  folder = await temporaryFolder('full-output');
  image = `oci:${(await writeImage(join(folder.path, 'image'), 1)).layout}`;
});
afterAll(() => folder.close());

/** Runs the program with its outputs redirected as a shell does it. */
async function redirected(redirection: string, ...args: readonly string[]) {
  const script = `exec "$0" "$@" ${redirection}`;
  return run('sh', ['-c', script, process.execPath, GATE_MAIN, ...args], { cwd: folder.path });
}

describe('standard output on a full disk', () => {
  it.each<readonly [status: number, args: (it: string) => readonly string[]]>([
    [1, () => ['--version']],
    [1, (it) => ['images', 'inspect', it]],
    [1, (it) => ['images', 'save', '--compress', 'zstd', it, '--quiet']],
    // 1 says that the images differ.
    [2, (it) => ['images', 'diff', it, it]],
  ])('is an error with a cure, exit code %i of %s', async (status, args) => {
    const seen = await redirected('> /dev/full', ...args(image));
    expect(seen.output).toContain("error[FILE_UNWRITABLE]: Standard output can't be written (ENOSPC).");
    expect(seen.output).toContain('Free some space');
    expect(seen.output).not.toMatch(/ {4}at |error.*error\[/s);
    expect(seen.status).toBe(status);
  });

  it('does not matter where it is standard error, nor where the reader goes away', async () => {
    expect(await redirected('2> /dev/full', 'images', 'tags', image)).toMatchObject({ status: 0 });
    const cut = await redirected('| true', 'images', 'inspect', image);
    expect(cut).toMatchObject({ status: 0, output: '' });
  });
});
