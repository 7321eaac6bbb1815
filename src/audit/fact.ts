import { bytesOfText, ownText } from '../lib/own-text.ts';
import type { Exchange, SignedInBy } from '../observe/exchange.ts';
import { isTag } from '../oci/grammar.ts';
import type { RegistryRequest } from '../oci/request/request.ts';

/** The object, its numbers, and short words. */
const FACT_BYTES = 400;

/** What one request adds to the audit log. Requests that add nothing make none. */
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
  | 'token'
  | 'reload'
  | 'expiry';

/** Plain data: it goes from process to process. Names that were only claimed are not in it. */
export interface Fact {
  readonly kind: FactKind;
  /** Milliseconds of a clock that all processes of the machine share and nobody sets: when it ended. */
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
  /** Tags that a manifest was asked for or put by; none for one that was named by its digest. */
  readonly tags?: readonly string[] | undefined;
  readonly digest?: string | undefined;
  readonly action?: string | undefined;
  /** Id of a machine's or device's token that was made or revoked. */
  readonly token?: string | undefined;
  readonly status?: number | undefined;
  /** Why not, or what: a code of ours and never a text of a client. */
  readonly reason?: string | undefined;
  /** Body bytes: of the client for a push, to the client for a pull. */
  readonly bytes: number;
  /** Whether it was done, to the end. */
  readonly isDone: boolean;
}

/** When something ended, on both clocks. */
export interface Moment {
  readonly at: number;
  readonly time: number;
}

/** The fact of an exchange; undefined where there is nothing to remember of it. */
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

/** A fact outlives its request, of which these are parts. */
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

/** A digest that an act remembers: 128 hex digits at most, and its place. */
export const LAYER_BYTES = 512;

/** The same for several, of which some may not be there. */
export function bytesOfFacts(facts: readonly (Fact | undefined)[]): number {
  return facts.reduce((bytes, fact) => bytes + (fact === undefined ? 0 : bytesOfFact(fact)), 0);
}

/** What a fact takes in memory, in bytes. */
export function bytesOfFact(fact: Fact): number {
  const { id, user, address, rule, repository, digest, token, tags = [] } = fact;
  const texts = [id, user, address, rule, repository, digest, token, ...tags];
  return texts.reduce((bytes, text) => bytes + (text === undefined ? 0 : bytesOfText(text)), FACT_BYTES);
}

/**
 * A challenge to somebody who showed nothing is the way in and no denial; one to somebody whose token stands for nobody
 * is. A user whose token was given out for something else gets another one by itself.
 */
function refusalOf({ failedLogin, problem, signedInBy, status, user }: Exchange): FactKind | undefined {
  if (failedLogin !== undefined) return failedLogin === 'wrong-password' ? 'login' : 'token';
  if (problem === undefined || status < 400) return undefined;
  if (problem.code === 'DENIED' || problem.code === 'TOOMANYREQUESTS') return 'denial';
  return problem.code === 'UNAUTHORIZED' && signedInBy === 'access-token' && user === undefined
    ? 'denial'
    : undefined;
}

function kindOf({ request, issued, status }: Exchange): FactKind | undefined {
  if (issued !== undefined) return 'token';
  return request && factKindOf(request, status);
}

/** What a request is that was answered so. */
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

/** What was not there, or is known to the client already (304), was not pulled. */
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

/** A manifest that is put by its digest may be given tags in the query (distribution-spec v1.1.1). */
function tagsOf({ route, query, method }: RegistryRequest): readonly string[] | undefined {
  if (route.kind !== 'manifest') return undefined;
  if (!route.reference.includes(':')) return [route.reference];
  if (method !== 'PUT') return [];
  return query.pairs.filter(({ key, value }) => key === 'tag' && isTag(value)).map(({ value }) => value);
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
