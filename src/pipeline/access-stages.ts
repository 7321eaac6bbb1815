import type { IncomingMessage } from 'node:http';
import { createProblem, type Problem } from '../oci/problem.ts';
import type { Throttled } from '../auth/abuse/guard.ts';
import type { Principal } from '../auth/principal.ts';
import type { Tokens } from '../auth/tokens/open-tokens.ts';
import type { Admitted } from '../auth/tokens/principals.ts';
import { warningHeader } from '../auth/tokens/store/lifetime.ts';
import { answerProblem } from '../http/answer.ts';
import type { Challenge } from './auth/challenge.ts';
import type { RequestContext } from '../http/context.ts';
import type { Stage } from './stage.ts';
import { decide } from '../auth/policy/decide.ts';
import type { Policy } from '../auth/policy/policy.ts';
import { neededAccess, renderScopes } from '../oci/request/scope.ts';
import { withoutMount } from '../oci/request/without-mount.ts';
import { Secret } from '../lib/secret.ts';
import { parseBasicCredentials, type ParsedAuthorization } from '../auth/basic-credentials.ts';

/** What an `Authorization` header proves. */
export type Authentication =
  | Admitted
  /** Neither a name nor a password: some clients send this before they are told to sign in. */
  | { readonly kind: 'anonymous' }
  /** A password or a token that is not or no longer valid; or too many passwords at once. */
  | { readonly kind: 'wrong-password' | 'wrong-token' | 'busy' }
  | Throttled;

/** The part of the tokens that authenticates requests. */
type TokenVerifier = Pick<Tokens, 'check' | 'access' | 'admit' | 'noteWrong'>;

export interface AuthenticateOptions {
  readonly tokens: TokenVerifier;
  readonly challenge: Challenge;
}

const BUSY = createProblem('UNAVAILABLE', 'Too many passwords are being checked. Try again in a moment.', {
  headers: { 'Retry-After': '5' },
});

/** Puts the principal into the context. Without credentials it stays anonymous; wrong ones are answered here. */
export function authenticate({ tokens, challenge }: AuthenticateOptions): Stage {
  return function authenticate(context) {
    const header = context.req.headers.authorization;
    if (header === undefined) return true;
    const { req, address } = context;
    const found = authenticateHeader(header, { tokens, address, connection: req.socket });
    return found instanceof Promise ? found.then((it) => settle(it, context)) : settle(found, context);
  };

  function settle(found: Authentication, context: RequestContext): boolean {
    const { req, res } = context;
    // The client may have left while its password was checked.
    if (req.socket.destroyed) return false;
    if (found.kind === 'anonymous') return true;
    if (found.kind === 'known') {
      context.principal = found.principal;
      if (found.warning !== undefined) res.setHeader('Warning', warningHeader(found.warning));
      return true;
    }
    if (found.kind === 'wrong-password' || found.kind === 'wrong-token') context.failedLogin = found.kind;
    answerProblem(req, res, found.kind === 'throttled' ? throttledBy(found) : refusalOf(found.kind, req));
    return false;
  }

  function refusalOf(kind: 'wrong-password' | 'wrong-token' | 'busy', req: IncomingMessage): Problem {
    if (kind === 'busy') return BUSY;
    return kind === 'wrong-password'
      ? createProblem('UNAUTHORIZED', 'The user name or the password is wrong.', { headers: challenge(req) })
      : createProblem('UNAUTHORIZED', 'The token is not valid any more. Sign in again.', {
          headers: challenge(req, { error: 'invalid_token' }),
        });
  }
}

function throttledBy({ seconds, message }: Throttled): Problem {
  return createProblem('TOOMANYREQUESTS', message, { headers: { 'Retry-After': `${seconds}` } });
}

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

export interface AuthorizeOptions {
  /** The rules in force, read for each request. */
  readonly policy: () => Policy;
  readonly challenge: Challenge;
  /** The text of a `Warning` header for clients that push; undefined where there is none. */
  readonly warning: () => string | undefined;
}

/**
 * Applies the policy. An anonymous client without the right gets the challenge, whatever it asked; only then is a problem
 * with the request answered. A mount that is not allowed is no refusal: the client is asked to upload the blob.
 */
export function authorize({ policy, challenge, warning }: AuthorizeOptions): Stage {
  return function authorize(context) {
    const { req, res, principal, request, problem, address } = context;
    const decision = decide(policy(), principal, request, address);
    if (!decision.allowed) {
      const refusal =
        decision.because === 'unknown'
          ? createProblem('UNAUTHORIZED', decision.sentence, { headers: challenge(req, needs(context)) })
          : createProblem('DENIED', decision.sentence);
      answerProblem(req, res, refusal);
      return false;
    }
    context.rule = decision.rule;
    if (decision.mount !== 'none') context.mount = decision.mount;
    if (decision.mount === 'stripped' && request !== undefined) context.request = withoutMount(request);
    if (problem === undefined) {
      if (endsPush(context)) warn(res, warning());
      return true;
    }
    answerProblem(req, res, problem);
    return false;
  };
}

/** The last request of a push, whose answer clients show: the manifest. */
function endsPush({ request, principal }: RequestContext): boolean {
  return request?.method === 'PUT' && request.route.kind === 'manifest' && principal.kind !== 'anonymous';
}

function warn(res: RequestContext['res'], text: string | undefined): void {
  if (text !== undefined) res.appendHeader('Warning', warningHeader(text));
}

/** The scope of the challenge, and its error where the token of the request was not enough. */
function needs({ request, principal }: RequestContext): NonNullable<Parameters<Challenge>[1]> {
  const scope = request === undefined ? '' : renderScopes(neededAccess(request));
  return principal.within !== undefined ? { scope, error: 'insufficient_scope' } : { scope };
}

interface LastSent {
  readonly header: Secret<string>;
  readonly parsed: ParsedAuthorization;
}

/** The longest header that can be right: base64 of the longest name and password. */
const LONGEST_KEPT = 2048;

const lastSent = new WeakMap<object, LastSent>();

/**
 * Reads an `Authorization` header. A client sends the same header with each request of a connection; it gets the same
 * object then, so that `Authenticator` hashes it once. The result is dropped with the connection.
 */
export function readCredentials(header: string, connection: object): ParsedAuthorization {
  const before = lastSent.get(connection);
  if (before !== undefined && before.header.reveal() === header) return before.parsed;
  const parsed = parseBasicCredentials(header);
  if (parsed.kind === 'credentials' && header.length <= LONGEST_KEPT)
    lastSent.set(connection, { header: new Secret(header), parsed });
  return parsed;
}
