import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TRUST_SCRIPTS } from '../../../src/pki/trust/trust-scripts.ts';
import { run } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';

const SCRIPTS = resolve(import.meta.dirname, '../../../src/pki/trust/scripts');

describe('trust.sh and trust.ps1', () => {
  it('do nothing if they are cut off on the way: the last line starts everything', async () => {
    const lines = TRUST_SCRIPTS['/trust.sh'].text.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('main "$@"');
    const most = `${lines.slice(0, -1).join('\n')}\n`;
    const { status, output } = await run('sh', ['-s', '--', 'docker', 'a.lan', '00'], { input: most });
    expect({ status, output }).toEqual({ status: 0, output: '' });
  });

  it('compare the fingerprint before they touch a store: PowerShell', () => {
    const { text } = TRUST_SCRIPTS['/trust.ps1'];
    const [compare, open] = [text.indexOf('if ($found -ne $wanted)'), text.indexOf('$store.Open')];
    expect([compare > 0, open > compare, /Invoke-Expression|\biex\b/i.test(text)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(text).toMatch(/^[\n\u0020-\u007e]+$/);
  });
});

describeWith(['shellcheck'], 'the shell script', () => {
  it('is clean to shellcheck', async () => {
    expect(await run('shellcheck', [resolve(SCRIPTS, 'trust.sh')])).toMatchObject({ status: 0, output: '' });
  });
});
