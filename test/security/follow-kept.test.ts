import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkKept } from '../../src/pki/trust/follow.ts';
import { AUTHORITY, craft } from '../pki/craft.ts';
import { temporaryFolders } from '../pki/support.ts';

// `certs trust --follow` runs daily as root, and replaces a file without --force. What an administrator has put there, or
// the CA of another registry, must not be lost by it.

const folder = temporaryFolders();
const [old = '', next = '', other = ''] = ['old', 'next', 'other'].map(
  (name) => craft({ name, extensions: AUTHORITY }).pem,
);
const REFUSED = /TRUST_FAILED|holds something else/;

it.each([
  { name: 'the file that it wrote', before: old + next, expected: 'kept' },
  { name: 'the file of the old CA', before: old, expected: 'kept' },
  { name: 'an empty file', before: '\n', expected: 'kept' },
  { name: 'the file of another CA', before: other, expected: REFUSED },
  { name: 'a file with one more CA', before: old + other, expected: REFUSED },
  { name: 'a file without a certificate', before: 'mine\n', expected: REFUSED },
])('following a CA: $name', async ({ before, expected }) => {
  const path = join(await folder(), 'ca.crt');
  await writeFile(path, before);
  const found = await checkKept(path, old + next).then(
    () => 'kept',
    (error: unknown) => String(error),
  );
  expect(found).toMatch(expected);
  expect(await readFile(path, 'utf8')).toBe(before);
});

it('following a CA: no file yet', async () => {
  await expect(checkKept(join(await folder(), 'ca.crt'), old + next)).resolves.toBeUndefined();
});
