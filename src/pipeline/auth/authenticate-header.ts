import type { Throttled } from '../../auth/abuse/guard.ts';
import type { Tokens } from '../../auth/tokens/open-tokens.ts';
import type { Admitted } from '../../auth/tokens/principals.ts';
import type { Principal } from '../../auth/principal.ts';
import { readCredentials } from './sent-credentials.ts';

/** What an `Authorization` header proves. */
export type Authentication =
  | Admitted
  /** Neither a name nor a password: some clients send this before they are told to sign in. */
  | { readonly kind: 'anonymous' }
  /** A password or a token that is not or no longer valid; or too many passwords at once. */
  | { readonly kind: 'wrong-password' | 'wrong-token' | 'busy' }
  | Throttled;

/** The part of the tokens that authenticates requests. */
export type TokenVerifier = Pick<Tokens, 'check' | 'access' | 'admit' | 'noteWrong'>;

interface Sender {
  readonly tokens: TokenVerifier;
  readonly address: string;
  /** The connection that the header came on. */
  readonly connection: object;
}

const BEARER = /^bearer (.*)$/i;

/** Verifies a password, the secret of a machine, or a Bearer token. Answers at once what was verified a short while ago. */
export function authenticateHeader(header: string, sender: Sender): Authentication | Promise<Authentication> {
  const token = BEARER.exec(header)?.[1];
  return token === undefined ? byPassword(header, sender) : byToken(token, sender);
}

function byToken(token: string, sender: Sender): Authentication | Promise<Authentication> {
  const { access, noteWrong } = sender.tokens;
  const remembered = access.remembered(token);
  if (remembered !== undefined) return admit(remembered, sender);
  return access.verify(token).then((principal) => {
    if (principal !== undefined) return admit(principal, sender);
    noteWrong(token, sender.address);
    return { kind: 'wrong-token' };
  });
}

function byPassword(header: string, sender: Sender): Authentication | Promise<Authentication> {
  const parsed = readCredentials(header, sender.connection);
  if (parsed.kind === 'anonymous') return parsed;
  if (parsed.kind === 'malformed') return { kind: 'wrong-password' };
  const { check } = sender.tokens;
  const sent = { ...parsed.credentials, address: sender.address };
  const remembered = check.remembered(sent);
  if (remembered !== undefined) return admit(remembered, sender);
  return check.signIn(sent).then((verdict) => {
    if (verdict.kind === 'verified') return admit(verdict.principal, sender);
    return verdict.kind === 'rejected' ? { kind: 'wrong-password' } : verdict;
  });
}

/** A principal that is gone since, or comes from another network than it may, is refused like a wrong password or token. */
function admit(principal: Principal, { tokens, address }: Sender): Authentication {
  return (
    tokens.admit(principal, address) ?? {
      kind: principal.proof === 'access-token' ? 'wrong-token' : 'wrong-password',
    }
  );
}
