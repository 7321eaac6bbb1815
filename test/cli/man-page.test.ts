import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderManPage } from '../../src/cli/man-page.ts';
import { createProgram } from '../../src/cli/program.ts';
import { run } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { recordingTerminal } from '../support/terminal.ts';

const PAGE = join(import.meta.dirname, '../../docs/registry-gate.1');

describe('the manual page', async () => {
  const page = renderManPage(await createProgram(recordingTerminal(), { code: 0 }));

  it('has every visible command, with its options and examples, and no hidden one', () => {
    for (const text of [
      '.SS "registry\\-gate certs init [options]"',
      '\\fB\\-\\-listen <HOST:PORT>\\fR',
      'registry\\-gate images cat registry.lan',
    ])
      expect(page).toContain(text);
    expect(page).not.toMatch(/complete\\-names|registry\\-gate docs/);
  });

  it('has no line that a formatter takes for a request', () => {
    const requests = page.split('\n').filter((line) => /^[.']/.test(line));
    expect(requests.filter((line) => !/^\.(?:\\"|TH|SH|SS|PP|TP|nf|fi|B|BR)(?: |$)/.test(line))).toEqual([]);
  });
});

describeWith(['mandoc'], 'mandoc', () => {
  it('has nothing to say against the manual page', async () => {
    const { output } = await run('mandoc', ['-T', 'lint', '-W', 'warning', PAGE]);
    // The page has no date, so that it is the same whenever it is made.
    const lines = output.split('\n').filter((line) => line !== '' && !line.includes('missing date'));
    expect(lines).toEqual([]);
  });
});
