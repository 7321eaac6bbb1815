import type { Identity } from '../../auth/principal.ts';
import type { Access } from '../../oci/request/scope.ts';
import type { Holder } from '../../auth/tokens/store/holder.ts';
import { expiryWarning } from '../../auth/tokens/store/lifetime.ts';
import type { Throttled } from '../../auth/tokens/guard.ts';
import type { Tokens } from '../../auth/tokens/open-tokens.ts';
import { readCredentials } from './sent-credentials.ts';
import { toIdentity } from './token-rights.ts';

/** Who an `Authorization` header speaks for. */
export type Asker =
  | { readonly kind: 'known'; readonly identity: Identity; readonly warning: string | undefined }
  /** No name and no password: what some clients send before they were told to sign in. */
  | { readonly kind: 'nobody' }
  /** A password, or a token, that is not or no longer valid; or too many passwords at once. */
  | { readonly kind: 'wrong-password' | 'wrong-token' | 'busy' }
  | Throttled;

interface Step {
  readonly tokens: AskerTokens;
  readonly address: string;
  /** Which the header came on. */
  readonly connection: object;
}
export type AskerTokens = Pick<Tokens, 'check' | 'access' | 'admits' | 'machine' | 'noteWrong'>;

const BEARER = /^bearer (.*)$/i;

/** By a password, the secret of a machine, or a Bearer token. At once where it was checked a short while ago. */
export function findAsker(header: string, step: Step): Asker | Promise<Asker> {
  const token = BEARER.exec(header)?.[1];
  return token === undefined ? byPassword(header, step) : byToken(token, step);
}

function byToken(token: string, step: Step): Asker | Promise<Asker> {
  const { access } = step.tokens;
  const remembered = access.remembered(token);
  if (remembered !== undefined) return admit(remembered.holder, remembered.access, step);
  return access.verify(token).then((verified) => {
    if (verified !== undefined) return admit(verified.holder, verified.access, step);
    step.tokens.noteWrong(token, step.address);
    return { kind: 'wrong-token' };
  });
}

function byPassword(header: string, step: Step): Asker | Promise<Asker> {
  const parsed = readCredentials(header, step.connection);
  if (parsed.kind !== 'credentials') {
    return { kind: parsed.kind === 'anonymous' ? 'nobody' : 'wrong-password' };
  }
  const attempt = { ...parsed.credentials, address: step.address };
  const remembered = step.tokens.check.remembered(attempt);
  if (remembered !== undefined) return admit(remembered, undefined, step);
  return step.tokens.check.signIn(attempt).then((verdict) => {
    if (verdict.kind === 'verified') return admit(verdict.holder, undefined, step);
    if (verdict.kind === 'throttled') return verdict;
    return { kind: verdict.kind === 'busy' ? 'busy' : 'wrong-password' };
  });
}

/** A holder who is gone since, or comes from elsewhere than they may, is refused like a wrong one. `within`: what the Bearer token opens. */
function admit(holder: Holder, within: readonly Access[] | undefined, { tokens, address }: Step): Asker {
  const machine = holder.kind === 'token' ? tokens.machine(holder.id) : undefined;
  const identity = toIdentity(holder, machine, within);
  if (identity === undefined || !tokens.admits(holder, address))
    return { kind: within === undefined ? 'wrong-password' : 'wrong-token' };
  return { kind: 'known', identity, warning: machine && expiryWarning(machine, Date.now()) };
}
