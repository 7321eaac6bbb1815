import { isUtf8 } from 'node:buffer';
import { hasTooManyMarks } from '../../lib/form-marks.ts';
import { Secret } from '../../lib/secret.ts';
import { parseScopes, type Access } from '../../oci/request/scope.ts';

/** A request to the token service. */
export interface TokenForm {
  readonly method: 'GET' | 'POST';
  readonly grant: Grant;
  readonly service: string | undefined;
  readonly access: readonly Access[];
  /** The account that the client intends to use. */
  readonly account: string | undefined;
  readonly client: string;
  /** Whether the client requests an identity token. */
  readonly offline: boolean;
}

type Grant =
  /** The credentials of the `Authorization` header, or none. */
  | { readonly kind: 'header' }
  | { readonly kind: 'password'; readonly user: string; readonly password: Secret<string> }
  | { readonly kind: 'refresh'; readonly secret: Secret<string> };

export type FormOutcome =
  | { readonly ok: true; readonly form: TokenForm }
  | { readonly ok: false; readonly error: FormError; readonly reason: string };

/** RFC 6749 section 5.2. */
export type FormError = 'invalid_request' | 'unsupported_grant_type';

/** The largest form that is read, in bytes. */
export const FORM_MAX_BYTES = 65_536;
const MOST_SCOPES = 100;
const MOST_FIELDS = 100;
const MAY_REPEAT = 'scope';
const MOST_MARKS = { between: MOST_FIELDS + MOST_SCOPES, spaces: 1000, escapes: 8192 } as const;

/** Reads the query of `GET /token` (distribution: token authentication). It holds no password: that is in the header. */
export function readTokenQuery(query: string): FormOutcome {
  if (hasTooManyMarks(Buffer.from(query, 'latin1'), MOST_MARKS)) return invalid('too many fields');
  const fields = new URLSearchParams(query);
  const problem = findProblem(fields);
  return problem === undefined
    ? { ok: true, form: { method: 'GET', grant: { kind: 'header' }, ...readCommon(fields) } }
    : invalid(problem);
}

/** Reads the body of `POST /token` (distribution: OAuth2 token authentication; RFC 6749 sections 4.3 and 6). */
export function readTokenForm(contentType: string | undefined, body: Buffer): FormOutcome {
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(contentType ?? '')) {
    return invalid('the body has to be application/x-www-form-urlencoded');
  }
  if (body.length > FORM_MAX_BYTES) return invalid(`the body is larger than ${FORM_MAX_BYTES} bytes`);
  if (hasTooManyMarks(body, MOST_MARKS)) return invalid('too many fields');
  if (!isUtf8(body)) return invalid('the body is not UTF-8');
  const fields = new URLSearchParams(body.toString('utf8'));
  const problem = findProblem(fields);
  if (problem !== undefined) return invalid(problem);
  const grant = readGrant(fields);
  if ('error' in grant) return { ok: false, ...grant };
  return { ok: true, form: { method: 'POST', grant, ...readCommon(fields) } };
}

function readCommon(fields: URLSearchParams): Omit<TokenForm, 'method' | 'grant'> {
  return {
    service: textOf(fields, 'service'),
    access: parseScopes(fields.getAll('scope')),
    account: textOf(fields, 'account'),
    client: textOf(fields, 'client_id') ?? '',
    offline: fields.get('offline_token') === 'true' || fields.get('access_type') === 'offline',
  };
}

/** Some clients omit the grant type, without credentials or with a name and a password. */
function readGrant(fields: URLSearchParams): Grant | { error: FormError; reason: string } {
  const kind = textOf(fields, 'grant_type') ?? (fields.has('username') ? 'password' : 'header');
  if (kind === 'header') return { kind };
  if (kind === 'password') {
    const { user, password } = { user: fields.get('username'), password: fields.get('password') };
    return user === null || password === null
      ? { error: 'invalid_request', reason: 'username and password are required' }
      : { kind, user, password: new Secret(password) };
  }
  if (kind === 'refresh_token') {
    const secret = fields.get('refresh_token');
    return secret === null
      ? { error: 'invalid_request', reason: 'refresh_token is required' }
      : { kind: 'refresh', secret: new Secret(secret) };
  }
  return { error: 'unsupported_grant_type', reason: 'grant_type is password or refresh_token' };
}

/** A field that is repeated against RFC 6749 section 3.2 could be read in two ways. */
function findProblem(fields: URLSearchParams): string | undefined {
  if (fields.size > MOST_FIELDS + MOST_SCOPES) return 'too many fields';
  const names = [...fields.keys()].filter((name) => name !== MAY_REPEAT);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return 'a field is given twice';
  const scopes = fields.getAll('scope').flatMap((scope) => scope.split(' '));
  return scopes.length > MOST_SCOPES ? `more than ${MOST_SCOPES} scopes` : undefined;
}

function textOf(fields: URLSearchParams, name: string): string | undefined {
  return fields.get(name) || undefined;
}

function invalid(reason: string): FormOutcome {
  return { ok: false, error: 'invalid_request', reason };
}
