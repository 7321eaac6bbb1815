import { createHash } from 'node:crypto';
import { openToWrite } from '../../src/inventory/database/open.ts';
import { storeManifest } from '../../src/inventory/write/manifests.ts';
import { ensureRepository } from '../../src/inventory/write/repositories.ts';
import { ensureTag, pointTag } from '../../src/inventory/write/tags.ts';

/** A program that writes into the file it is given, until it is killed, and says when it has begun. */
const [, , path = ''] = process.argv;
const { database } = await openToWrite({ path, backend: 'b' });

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

for (let at = 0; ; at += 1) {
  database.transaction(() => {
    const id = ensureRepository(database, `r${at % 7}`);
    const manifest = storeManifest(database, id, {
      digest: digestOf(`manifest ${at}`),
      mediaType: undefined,
      artifactType: undefined,
      platforms: [],
      size: 1,
      created: undefined,
      problem: undefined,
      blobs: Array.from({ length: 50 }, (_none, layer) => ({
        digest: digestOf(`${layer} ${at % (layer + 2)}`),
        size: 1000 + layer,
      })),
    });
    pointTag(database, ensureTag(database, id, `t${at % 11}`), manifest);
  });
  if (at === 20) console.log('writing');
}
