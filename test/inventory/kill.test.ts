import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWhole, openToWrite } from '../../src/inventory/database/open.ts';
import { startDaemon, temporaryFolder, type Folder } from '../support/programs.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('inventory-kill');
});
afterAll(() => folder.close());

describe('a keeper that is killed while it writes', () => {
  it.each([1, 2, 3])('leaves a whole file, whose sums are right, and which is kept (%s)', async (run) => {
    const path = join(folder.path, `killed-${run}.db`);
    const writer = startDaemon(process.execPath, [join(import.meta.dirname, 'write-until-killed.ts'), path]);
    await writer.line(/writing/);
    process.kill(writer.pid, 'SIGKILL');
    await writer.close();
    const { database } = await openToWrite({ path, backend: 'b' });
    expect(isWhole(database)).toBe(true);
    expect(database.get<{ n: number }>('SELECT count(*) AS n FROM tag')?.n).toBeGreaterThan(10);
    // What each repository holds adds up to its size, and what only one holds to what it needs alone.
    const wrong = database.all(
      `SELECT r.name FROM repository r WHERE
         r.size <> (SELECT total(b.size) FROM held h JOIN blob b ON b.id = h.blob WHERE h.repository = r.id)
         OR r.alone <> (SELECT total(b.size) FROM blob b WHERE b.repositories = 1 AND b.owners = r.id)
         OR r.tags <> (SELECT count(*) FROM tag t WHERE t.repository = r.id)`,
    );
    expect(wrong).toEqual([]);
    database.close();
  });
});
