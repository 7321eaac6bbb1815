import type { Database } from '../database/database.ts';
import { packDigest } from '../database/packed.ts';

/** As many as are remembered of one repository: those that lost their tags last. */
const MOST = 1000;

/** Notes that a manifest is in the repository without a tag. `at`: milliseconds since 1970. */
export function noteUntagged(database: Database, repository: number, digest: Uint8Array, at: number): void {
  database.run('INSERT OR REPLACE INTO untagged VALUES (?, ?, ?)', repository, digest, at);
  database.run(
    `DELETE FROM untagged WHERE repository = ? AND digest IN
       (SELECT digest FROM untagged WHERE repository = ? ORDER BY since DESC, digest LIMIT -1 OFFSET ${MOST})`,
    repository,
    repository,
  );
}

/** Notes that a manifest has a tag, or is gone. */
export function dropUntagged(database: Database, repository: number, digest: Uint8Array): void {
  database.run('DELETE FROM untagged WHERE repository = ? AND digest = ?', repository, digest);
}

/** Notes that a manifest was pushed by its digest. One that a tag stands for is left. */
export function notePushedAlone(database: Database, repository: number, text: string, at: number): void {
  const digest = packDigest(text);
  if (digest === undefined) return;
  const known = database.get(
    'SELECT 1 FROM manifest WHERE repository = ? AND digest = ? AND tags > 0',
    repository,
    digest,
  );
  if (known === undefined) noteUntagged(database, repository, digest, at);
}
