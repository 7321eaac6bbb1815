import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { insertBlock, withoutBlock } from '../../src/pki/trust/steps/block.ts';
import { authorityFingerprint } from '../../src/pki/x509/certificate-file.ts';
import { AUTHORITY, craft } from '../pki/craft.ts';
import { temporaryFolders } from '../pki/support.ts';
import { run } from '../support/programs.ts';

// Certificates and settings are put between two marks into files that others write to: a profile, the list of the system.
// A mark that somebody removed must not take what stands behind the other one along.

const NAME = 'node registry.lan';
const [FIRST, LAST] = [`# registry-gate: begin ${NAME}`, `# registry-gate: end ${NAME}`];
const CASES = [
  { name: 'no block', text: 'mine=1\n', kept: ['mine=1'] },
  { name: 'a block', text: `mine=1\n${FIRST}\nold=1\n${LAST}\nalso=1\n`, kept: ['mine=1', 'also=1'] },
  { name: 'no last mark', text: `mine=1\n${FIRST}\nalso=1\n`, kept: ['mine=1', 'also=1'] },
  { name: 'no first mark', text: `mine=1\n${LAST}\nalso=1\n`, kept: ['mine=1', 'also=1'] },
  {
    name: 'a first mark, and a block behind it',
    text: `${FIRST}\nmine=1\n${FIRST}\nold=1\n${LAST}\nalso=1\n`,
    kept: ['mine=1', 'also=1'],
  },
] as const;

const ownLines = (text: string): readonly string[] => text.split('\n').filter((line) => /^\w+=1$/.test(line));

describe('a file of others keeps its lines', () => {
  it.each(CASES)('with certs trust, twice: $name', ({ text, kept }) => {
    const block = { kind: 'block', name: NAME, content: 'export A=2\n' } as const;
    const twice = insertBlock(insertBlock(text, block), block);
    expect(ownLines(twice)).toEqual(kept);
    expect(twice.split('export A=2')).toHaveLength(2);
    expect(ownLines(withoutBlock(twice, NAME))).toEqual(kept);
  });

  const folder = temporaryFolders();
  const authority = craft({ name: 'root', extensions: AUTHORITY });
  const script = resolve(import.meta.dirname, '../../src/pki/trust/scripts/trust.sh');

  it.each(CASES)('with trust.sh, twice: $name', async ({ text, kept }) => {
    const root = await folder();
    // That of root, and that of another user.
    const files = ['etc/profile.d/registry-gate.sh', 'home/.profile'].map((path) => join(root, path));
    for (const file of files) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    const env = { DESTDIR: root, HOME: '/home', XDG_CONFIG_HOME: '', REGISTRY_GATE_CA: authority.pem };
    const args = [script, 'node', 'registry.lan', authorityFingerprint(authority.pem)];
    for (const _time of [1, 2]) expect(await run('sh', args, { env })).toMatchObject({ status: 0 });
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const changed = texts.filter((one) => one !== text);
    expect(changed.map(ownLines)).toEqual([kept]);
    expect(changed[0]?.split('export NODE_EXTRA_CA_CERTS')).toHaveLength(2);
  });
});
