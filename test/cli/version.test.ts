import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { printVersion } from '../../src/cli/version.ts';
import { unwritableOutput } from '../../src/lib/files/unwritable-output.ts';
import { recordingTerminal } from '../support/terminal.ts';

const { version }: { readonly version: string } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'),
);

describe('the version', () => {
  it.each([['--version'], ['-V'], ['-v'], ['version']])('is printed for %s', async (word) => {
    const terminal = recordingTerminal();
    expect(await printVersion([word], terminal)).toBe(0);
    expect(terminal.stdout()).toBe(`${version}\n`);
  });

  it.each([[[]], [['serve']], [['--version', 'serve']], [['images', '--version']]])(
    'is not what %j asks for',
    async (argv) => {
      const terminal = recordingTerminal();
      expect(await printVersion(argv, terminal)).toBeUndefined();
      expect(terminal.stdout()).toBe('');
    },
  );

  it('that could not be written is a failure', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const terminal = { ...recordingTerminal(), outFailure: async () => unwritableOutput(full) };
    expect(await printVersion(['--version'], terminal)).toBe(1);
  });
});
