import type { Action, RegistryRequest } from '../../oci/request/request.ts';
import { nameAsker } from '../principal.ts';
import type { Identity } from '../principal.ts';
import { hasAnonymousRules } from './policy.ts';
import type { Policy } from './policy.ts';
import { findRight, isWithin, isWithinCatalog } from './right.ts';
import type { Need } from './right.ts';

export type Decision =
  | {
      readonly allowed: true;
      /** What allows it: `access.yml:7`, `every user`, `the scope of token:ci`, `signed in`. For the log. */
      readonly rule: string;
      /** `stripped`: the request is to go on without `mount` and `from`, as if they had not been asked for. */
      readonly mount: 'granted' | 'stripped' | 'none';
    }
  | {
      readonly allowed: false;
      /** `unknown`: nobody has said who they are, and the answer is a challenge (401). `denied`: 403. */
      readonly because: 'unknown' | 'denied';
      /** What a token would have to hold; undefined where no repository is asked for. */
      readonly missing: Missing | undefined;
      /** For the person in front of the client. The same whether or not there is such a repository. */
      readonly sentence: string;
    };

export interface Missing {
  readonly action: Action;
  readonly repository: string;
}

const SIGN_IN = 'Sign in first: docker login, with the host name that stands in the image name.';

/**
 * May they? `request` is undefined where the path is none of the registry's: knowing even that is for those who have
 * signed in. `address` is the client's, for rules that are for some networks. Pure; what exists is never looked at.
 */
export function decide(
  policy: Policy,
  identity: Identity,
  request: RegistryRequest | undefined,
  address: string | undefined,
): Decision {
  const need = request && needOf(request);
  if (request === undefined || need === undefined) return decideWithoutName(policy, identity, request);
  const rule = findRight(policy, identity, need, address);
  if (rule !== undefined && !isWithin(identity, need)) {
    return { allowed: false, because: 'unknown', missing: missingOf(need), sentence: ANOTHER_TOKEN };
  }
  if (rule !== undefined) {
    return { allowed: true, rule, mount: judgeMount(policy, identity, request, address) };
  }
  const missing = missingOf(need);
  return identity.kind === 'anonymous'
    ? { allowed: false, because: 'unknown', missing, sentence: SIGN_IN }
    : { allowed: false, because: 'denied', missing, sentence: denialOf(identity, need) };
}

/** The word of the challenge is what counts: a client gets another token by itself, and comes again. */
const ANOTHER_TOKEN = 'The token was given out for something else. Get one for this.';

/** The one sentence of a denial: `alice may not push to team/app: no rule allows it.` */
export function denialOf(identity: Identity, need: Need): string {
  const isScoped = identity.kind === 'token' && identity.scope !== undefined;
  const reason = isScoped ? 'its scope does not hold that' : 'no rule allows it';
  return `${nameAsker(identity)} may not ${describeNeed(need)}: ${reason}.`;
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
 * Tells which names of the catalog somebody may see: those that they may pull, by any token of theirs that opens the
 * catalog. Undefined where it is all of them, and nothing has to be filtered.
 */
export function createNameFilter(
  policy: Policy,
  identity: Identity,
  address: string | undefined,
): ((repository: string) => boolean) | undefined {
  const isScoped = identity.kind === 'token' && identity.scope !== undefined;
  if (policy.kind === 'open' && identity.kind !== 'anonymous' && !isScoped) return undefined;
  return (repository) => findRight(policy, identity, { action: 'pull', repository }, address) !== undefined;
}

/**
 * The ping and the catalog. A ping without credentials is a challenge even where strangers may pull: a client takes an
 * answer of 200 to mean that this registry knows no passwords, and never sends one again.
 */
function decideWithoutName(
  policy: Policy,
  identity: Identity,
  request: RegistryRequest | undefined,
): Decision {
  if (identity.kind !== 'anonymous') {
    return request?.route.kind !== 'catalog' || isWithinCatalog(identity)
      ? { allowed: true, rule: 'signed in', mount: 'none' }
      : { allowed: false, because: 'unknown', missing: undefined, sentence: ANOTHER_TOKEN };
  }
  const isPing = request?.route.kind === 'base';
  return isPing && identity.within !== undefined && hasAnonymousRules(policy)
    ? { allowed: true, rule: 'anonymous token', mount: 'none' }
    : { allowed: false, because: 'unknown', missing: undefined, sentence: SIGN_IN };
}

function needOf({ method, route, action }: RegistryRequest): Need | undefined {
  if (!('repository' in route) || action === undefined) return undefined;
  const isLookUp = method === 'HEAD' && (route.kind === 'blob' || route.kind === 'manifest');
  return { action, repository: route.repository, isLookUp };
}

/**
 * A blob is taken over from another repository only by who may pull there. Never a refusal: clients name any repository
 * they have seen the blob in, and containerd gives up at a 403. Without `from`, registries that find a source by
 * themselves would look into all of them.
 */
function judgeMount(
  policy: Policy,
  identity: Identity,
  { route, query, mount }: RegistryRequest,
  address: string | undefined,
): 'granted' | 'stripped' | 'none' {
  const [digest, from] = [query.get('mount'), query.get('from')];
  if (digest === undefined && from === undefined) return 'none';
  // Where they mean nothing, or one of them is alone, no registry is left to guess.
  if (route.kind !== 'uploads' || digest === undefined) return 'stripped';
  if (mount === undefined) return judgeLoneMount(policy, identity);
  const need: Need = { action: 'pull', repository: mount.from };
  const isGranted = isWithin(identity, need) && findRight(policy, identity, need, address) !== undefined;
  return isGranted ? 'granted' : 'stripped';
}

function judgeLoneMount(policy: Policy, identity: Identity): 'granted' | 'stripped' {
  const maySeeAll =
    identity.within === undefined && createNameFilter(policy, identity, undefined) === undefined;
  return maySeeAll ? 'granted' : 'stripped';
}
