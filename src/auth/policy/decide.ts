import type { Action, RegistryRequest } from '../../oci/request/parse.ts';
import { principalName, type Principal } from '../principal.ts';
import { hasAnonymousRules, type Policy } from './policy.ts';
import { findRight, isWithin, isWithinCatalog, renderRight, type Need } from './right.ts';

export type Decision =
  | {
      readonly allowed: true;
      /** What allows it: `access.yml:7`, `every user`, `the scope of token:ci`, `signed in`. For the log. */
      readonly rule: string;
      /** `stripped`: forward the request without `mount` and `from`. */
      readonly mount: 'granted' | 'stripped' | 'none';
    }
  | {
      readonly allowed: false;
      /** `unknown`: the client is anonymous and gets a challenge (401). `denied`: 403. */
      readonly because: 'unknown' | 'denied';
      /** What a token would have to hold; undefined if the request names no repository. */
      readonly missing: Missing | undefined;
      /** For the user of the client. The same whether or not the repository exists. */
      readonly sentence: string;
    };

interface Missing {
  readonly action: Action;
  readonly repository: string;
}

const SIGN_IN = 'Sign in first: docker login, with the host name that stands in the image name.';

/**
 * Decides whether a request is allowed. `request` is undefined if the path is not one of the registry's; only signed-in
 * clients may learn that. `address` is the client's, for rules with networks. A pure function: it never checks what
 * exists.
 */
export function decide(
  policy: Policy,
  principal: Principal,
  request: RegistryRequest | undefined,
  address: string | undefined,
): Decision {
  const need = request && needOf(request);
  if (request === undefined || need === undefined) return decideWithoutName(policy, principal, request);
  const right = findRight(policy, principal, need, address);
  if (right !== undefined && !isWithin(principal, need)) {
    return { allowed: false, because: 'unknown', missing: missingOf(need), sentence: ANOTHER_TOKEN };
  }
  if (right !== undefined) {
    return {
      allowed: true,
      rule: renderRight(right),
      mount: judgeMount(policy, principal, request, address),
    };
  }
  const missing = missingOf(need);
  return principal.kind === 'anonymous'
    ? { allowed: false, because: 'unknown', missing, sentence: SIGN_IN }
    : { allowed: false, because: 'denied', missing, sentence: denialOf(principal, need) };
}

/** Clients act on the challenge, not on this sentence: they get another token and repeat the request. */
const ANOTHER_TOKEN = 'The token was given out for something else. Get one for this.';

/** Returns the sentence of a denial: `alice may not push to team/app: no rule allows it.` */
export function denialOf(principal: Principal, need: Need): string {
  return `${principalName(principal)} may not ${describeNeed(need)}: ${reasonOf(principal)}.`;
}

function reasonOf(principal: Principal): string {
  if (principal.kind !== 'machine' || principal.scope === undefined) return 'no rule allows it';
  const { maker } = principal;
  return maker === undefined
    ? 'its scope does not hold that'
    : `its scope does not hold that, or ${maker.name}, who made it, may not do it`;
}

/** `push to team/app` */
export function describeNeed({ action, repository }: Missing): string {
  return `${VERBS[action]} ${repository}`;
}

const VERBS: Readonly<Record<Action, string>> = {
  pull: 'pull from',
  push: 'push to',
  delete: 'delete from',
};

function missingOf({ action, repository }: Need): Missing {
  return { action, repository };
}

/**
 * Returns a function that reports whether a repository is visible in the catalog: those that the client may pull, with
 * any of its tokens that opens the catalog. Undefined if all of them are.
 */
export function createNameFilter(
  policy: Policy,
  principal: Principal,
  address: string | undefined,
): ((repository: string) => boolean) | undefined {
  const isScoped = principal.kind === 'machine' && principal.scope !== undefined;
  if (policy.kind === 'open' && principal.kind !== 'anonymous' && !isScoped) return undefined;
  return (repository) => findRight(policy, principal, { action: 'pull', repository }, address) !== undefined;
}

/**
 * Decides on the ping and the catalog. A ping without credentials is challenged even if anonymous clients may pull: a
 * client takes 200 to mean that the registry has no users, and then never sends credentials.
 */
function decideWithoutName(
  policy: Policy,
  principal: Principal,
  request: RegistryRequest | undefined,
): Decision {
  if (principal.kind !== 'anonymous') {
    return request?.route.kind !== 'catalog' || isWithinCatalog(principal)
      ? { allowed: true, rule: 'signed in', mount: 'none' }
      : { allowed: false, because: 'unknown', missing: undefined, sentence: ANOTHER_TOKEN };
  }
  const isPing = request?.route.kind === 'base';
  return isPing && principal.within !== undefined && hasAnonymousRules(policy)
    ? { allowed: true, rule: 'anonymous token', mount: 'none' }
    : { allowed: false, because: 'unknown', missing: undefined, sentence: SIGN_IN };
}

function needOf({ method, route, action }: RegistryRequest): Need | undefined {
  if (!('repository' in route) || action === undefined) return undefined;
  const isLookUp = method === 'HEAD' && (route.kind === 'blob' || route.kind === 'manifest');
  return { action, repository: route.repository, isLookUp };
}

/**
 * Decides on a cross-repository mount, which needs pull on the source. It never refuses the request: clients name any
 * repository in which they have seen the blob, and containerd gives up at a 403. A registry that finds a source by
 * itself, without `from`, would search all repositories.
 */
function judgeMount(
  policy: Policy,
  principal: Principal,
  { route, query, mount }: RegistryRequest,
  address: string | undefined,
): 'granted' | 'stripped' | 'none' {
  const [digest, from] = [query.get('mount'), query.get('from')];
  if (digest === undefined && from === undefined) return 'none';
  // Without a meaning here, or alone, they are not left to the registry to interpret.
  if (route.kind !== 'uploads' || digest === undefined) return 'stripped';
  if (mount === undefined) return judgeLoneMount(policy, principal);
  const need: Need = { action: 'pull', repository: mount.from };
  const isGranted = isWithin(principal, need) && findRight(policy, principal, need, address) !== undefined;
  return isGranted ? 'granted' : 'stripped';
}

function judgeLoneMount(policy: Policy, principal: Principal): 'granted' | 'stripped' {
  const maySeeAll =
    principal.within === undefined && createNameFilter(policy, principal, undefined) === undefined;
  return maySeeAll ? 'granted' : 'stripped';
}
