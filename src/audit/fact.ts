import { bytesOfText, ownText } from '../lib/own-text.ts';
import type { Exchange, SignedInBy } from '../observe/exchange.ts';
import { tagsInQuery } from '../oci/request/tags-of-push.ts';
import type { RegistryRequest } from '../oci/request/parse.ts';

/** The object, its numbers, and short texts. */
const FACT_BYTES = 400;

/** What a request adds to the audit log. Not every request adds a fact. */
export type FactKind =
  | 'manifest-put'
  | 'manifest-get'
  | 'manifest-look'
  | 'layer-put'
  | 'layer-part'
  | 'layer-mount'
  | 'layer-look'
  | 'layer-get'
  | 'delete'
  | 'denial'
  | 'login'
  | 'logout'
  | 'token'
  | 'reload'
  | 'expiry'
  | 'owner';

/** Plain data that is sent between processes. It holds no unverified user names. */
export interface Fact {
  readonly kind: FactKind;
  /** When it ended, in milliseconds of a clock that all processes of the machine share and that is never set. */
  readonly at: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly ms: number;
  readonly id?: string | undefined;
  readonly user?: string | undefined;
  readonly by?: SignedInBy | undefined;
  readonly address?: string | undefined;
  readonly rule?: string | undefined;
  readonly repository?: string | undefined;
  /** The tags by which a manifest was requested or pushed; none for one that was named by its digest. */
  readonly tags?: readonly string[] | undefined;
  readonly digest?: string | undefined;
  readonly action?: string | undefined;
  /** The id of a machine's or device's token that was created or revoked. */
  readonly token?: string | undefined;
  /** The user or network that an owner did something for. */
  readonly target?: string | undefined;
  readonly status?: number | undefined;
  /** A code of the gate, never a client's text. */
  readonly reason?: string | undefined;
  /** Body bytes: received for a push, sent for a pull. */
  readonly bytes: number;
  /** Whether it was completed successfully. */
  readonly isDone: boolean;
}

/** A point in time on both clocks. */
export interface Moment {
  readonly at: number;
  readonly time: number;
}

/** Returns the fact of an exchange, or undefined if it adds nothing. */
export function factOf(exchange: Exchange, now: () => Moment): Fact | undefined {
  const kind = refusalOf(exchange) ?? kindOf(exchange);
  if (kind === undefined) return undefined;
  const { request, outcome, status } = exchange;
  const { at, time } = now();
  return {
    kind,
    at,
    time,
    ms: exchange.milliseconds,
    id: exchange.id,
    user: exchange.user,
    by: exchange.signedInBy,
    address: exchange.address,
    rule: exchange.rule,
    ...namesOf(exchange),
    action: request?.action,
    status,
    reason: reasonOf(kind, exchange),
    bytes: request?.action === 'pull' ? exchange.sent : exchange.received,
    isDone: outcome === 'complete' && status >= 200 && status < 400,
  };
}

/** Copies texts, since a fact outlives the request that they are slices of. */
function namesOf(exchange: Exchange): Pick<Fact, 'repository' | 'tags' | 'digest'> {
  const { request } = exchange;
  return {
    repository: own(request && repositoryOf(request)),
    tags: request && tagsOf(request)?.map(ownText),
    digest: own(digestOf(exchange)),
  };
}

function own(text: string | undefined): string | undefined {
  return text === undefined ? undefined : ownText(text);
}

/** Memory for a digest that an activity remembers: at most 128 hex digits, and its slot. */
export const LAYER_BYTES = 512;

/** Returns the memory of several facts, some of which may be undefined. */
export function bytesOfFacts(facts: readonly (Fact | undefined)[]): number {
  return facts.reduce((bytes, fact) => bytes + (fact === undefined ? 0 : bytesOfFact(fact)), 0);
}

/** Returns the memory of a fact, in bytes. */
export function bytesOfFact(fact: Fact): number {
  const { id, user, address, rule, repository, digest, token, target, tags = [] } = fact;
  const texts = [id, user, address, rule, repository, digest, token, target, ...tags];
  return texts.reduce((bytes, text) => bytes + (text === undefined ? 0 : bytesOfText(text)), FACT_BYTES);
}

/**
 * A challenge to a client without credentials is part of signing in and no denial; one to an anonymous token is. A user
 * whose token was issued for something else gets another one by itself.
 */
function refusalOf({ failedLogin, problem, signedInBy, status, user }: Exchange): FactKind | undefined {
  if (failedLogin !== undefined) return failedLogin === 'wrong-password' ? 'login' : 'token';
  if (problem === undefined || status < 400) return undefined;
  if (problem.code === 'DENIED' || problem.code === 'TOOMANYREQUESTS') return 'denial';
  return problem.code === 'UNAUTHORIZED' && signedInBy === 'access-token' && user === undefined
    ? 'denial'
    : undefined;
}

/** A challenge is no act: the client repeats the request with what it was asked for. */
function kindOf({ request, issued, session, status, problem }: Exchange): FactKind | undefined {
  if (problem?.code === 'UNAUTHORIZED') return undefined;
  if (session !== undefined) return session === 'began' ? 'login' : 'logout';
  if (issued !== undefined) return 'token';
  return request && factKindOf(request, status);
}

/** Returns the kind of a request with this status. */
export function factKindOf(request: RegistryRequest, status: number): FactKind | undefined {
  const { method, route } = request;
  switch (route.kind) {
    case 'manifest':
      return ofManifest(method, status);
    case 'blob':
      return ofBlob(method, status);
    case 'uploads':
      return ofNewUpload(request, status);
    case 'upload':
      return ofUpload(method, status);
    default:
      return undefined;
  }
}

type Method = RegistryRequest['method'];

/** An absent manifest, or one that the client already has (304), was not pulled. */
function ofManifest(method: Method, status: number): FactKind | undefined {
  if (method === 'PUT') return 'manifest-put';
  if (method === 'DELETE') return 'delete';
  if (status !== 200) return undefined;
  return method === 'GET' ? 'manifest-get' : 'manifest-look';
}

function ofBlob(method: Method, status: number): FactKind | undefined {
  if (method === 'DELETE') return 'delete';
  if (status < 200 || status === 304 || status >= 400) return undefined;
  return method === 'GET' ? 'layer-get' : 'layer-look';
}

function ofNewUpload({ mount, query }: RegistryRequest, status: number): FactKind | undefined {
  if (status === 0 || status === 202 || status >= 400) return 'layer-part';
  if (mount !== undefined || query.get('mount') !== undefined) return 'layer-mount';
  return 'layer-put';
}

function ofUpload(method: Method, status: number): FactKind | undefined {
  if (method === 'PUT') return status === 201 ? 'layer-put' : 'layer-part';
  return method === 'PATCH' ? 'layer-part' : undefined;
}

function repositoryOf({ route }: RegistryRequest): string | undefined {
  return 'repository' in route ? route.repository : undefined;
}

function tagsOf(request: RegistryRequest): readonly string[] | undefined {
  const { route, method } = request;
  if (route.kind !== 'manifest') return undefined;
  if (!route.reference.includes(':')) return [route.reference];
  return method === 'PUT' ? tagsInQuery(request) : [];
}

function digestOf({ request, digest }: Exchange): string | undefined {
  if (digest !== undefined || request === undefined) return digest;
  const { route, query } = request;
  if (route.kind === 'manifest') return route.reference.includes(':') ? route.reference : undefined;
  if (route.kind === 'blob') return route.digest;
  return query.get('digest') ?? query.get('mount');
}

function reasonOf(kind: FactKind, { failedLogin, problem, issued }: Exchange): string | undefined {
  return failedLogin ?? issued ?? (kind === 'denial' ? problem?.code : undefined);
}
