import type { Digest } from '../../../oci/digest.ts';
import { refused } from '../session/refused.ts';
import { deletes } from '../sign-in/access.ts';
import type { BlobPlace } from './download.ts';

/** Deletes a blob of a repository (distribution-spec: "Deleting Blobs"). Says nothing where there is none. */
export async function deleteBlob({ session, repository }: BlobPlace, digest: Digest): Promise<void> {
  const to = `/v2/${repository}/blobs/${digest.text}`;
  const answer = await session.ask({ method: 'DELETE', to, needs: [deletes(repository)] });
  if (![200, 202, 204, 404].includes(answer.status))
    throw await refused(answer, `delete a blob of ${repository}`);
  await answer.drop();
}
