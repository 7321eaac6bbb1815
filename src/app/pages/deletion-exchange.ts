import { accountOf } from '../../auth/principal.ts';
import type { Exchange } from '../../observe/exchange.ts';
import { parseRegistryRequest } from '../../oci/request/parse.ts';
import type { Deletion } from '../../pages/request/note-deletions.ts';

/** What a client gets to read where the registry answers like this (distribution-spec "Deleting Manifests"). */
const STATUS: Readonly<Record<Deletion['answer'], number>> = {
  deleted: 202,
  missing: 404,
  unsupported: 405,
  failed: 502,
};

/**
 * The exchange of a deletion that a page had done, as if the browser had asked the registry API for it: the log and the
 * audit log tell of it in the same words, under the name of the same user.
 */
export function deletionExchange(deletion: Deletion): Exchange {
  const { repository, reference, answer, milliseconds, principal, client, rule } = deletion;
  const path = `/v2/${repository}/manifests/${reference}`;
  const parsed = parseRegistryRequest('DELETE', path);
  return {
    id: client.requestId,
    address: client.address,
    method: 'DELETE',
    path,
    userAgent: client.agent,
    request: parsed.kind === 'request' ? parsed.request : undefined,
    user: accountOf(principal) || undefined,
    signedInBy: principal.proof,
    rule,
    mount: undefined,
    status: STATUS[answer],
    problem: undefined,
    failedLogin: undefined,
    traceparent: undefined,
    received: 0,
    sent: 0,
    milliseconds,
    millisecondsSinceBody: undefined,
    outcome: 'complete',
  };
}
