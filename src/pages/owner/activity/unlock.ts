import { isIP } from 'node:net';
import { accountOf } from '../../../auth/principal.ts';
import type { UnlockFilter } from '../../../auth/abuse/attempt.ts';
import type { LedgerRow } from '../../../auth/abuse/ledger.ts';
import { networkOf } from '../../../lib/network.ts';
import { PageError } from '../../request/page-error.ts';
import type { PageAnswer, PageRequest } from '../../request/page-request.ts';
import { withQuery } from '../../request/page-address.ts';
import type { NoteAct } from '../../request/note-act.ts';

/** The part of the throttle that owners see: what is counted, and how it is forgotten. */
export interface Lockouts {
  rows(most: number): Promise<readonly LedgerRow[]>;
  unlock(filter: UnlockFilter): Promise<number>;
}

export interface UnlockOptions {
  /** Undefined where guessing has no consequences. */
  readonly lockouts: Lockouts | undefined;
  readonly noteAct: NoteAct;
}

/** Forgets the wrong passwords of one user or one network. */
export async function unlock(
  { lockouts, noteAct }: UnlockOptions,
  request: PageRequest,
): Promise<PageAnswer> {
  const user = request.form.get('user');
  const network = request.form.get('network');
  const isNetwork = isIP(network.replace(/\/\d{1,3}$/, '')) !== 0;
  if ((user === '') === (network === '') || (network !== '' && !isNetwork)) throw new PageError('bad-input');
  const filter = user === '' ? { network: toNetwork(network) } : { user: `=${user}` };
  const count = (await lockouts?.unlock(filter)) ?? 0;
  if (count > 0) {
    const { principal, client } = request;
    const target = user === '' ? network : user;
    noteAct({ user: accountOf(principal), address: client.address, action: 'unlock', target });
  }
  return { kind: 'redirect', to: withQuery('/activity', { unlocked: String(count) }) };
}

/** A network as it is counted stays as it is; an address becomes its network. */
function toNetwork(text: string): string {
  return text.includes('/') ? text : networkOf(text);
}
