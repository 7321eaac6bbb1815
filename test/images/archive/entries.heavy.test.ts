import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../support/programs.ts';
import { craftTar, location, readAll } from './craft.ts';

it('refuses a tar of 200,001 entries', async () => {
  const folder = await temporaryFolder('entries');
  try {
    const path = join(folder.path, 'entries.tar');
    const one = craftTar([{ name: 'x' }], Buffer.alloc(0));
    await writeFile(path, Buffer.alloc(one.length * 200_001, one));
    await expect(readAll(location('oci-archive', path))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining('more than 200000 entries'),
    });
  } finally {
    await folder.close();
  }
});
