import type { Action } from '../../oci/request/parse.ts';
import type { Principal, ScopeEntry, TokenScope } from '../principal.ts';
import { nameOf, parsePattern, type Name, type Pattern } from './pattern.ts';
import { appliesAt, coversName, type Policy, type Rule } from './policy.ts';
import { renderWho } from './who.ts';

/** What allows an action. */
export type Right =
  /** A rule: `access.yml:7`. */
  | { readonly kind: 'rule'; readonly where: string }
  /** Without an access file. */
  | { readonly kind: 'every'; readonly who: 'user' | 'token' }
  /** The scope of a token: `ci`. */
  | { readonly kind: 'scope'; readonly token: string };

/** An action on a repository. */
export interface Need {
  readonly action: Action;
  readonly repository: string;
  /**
   * Only asks whether a blob or a manifest exists (HEAD). Push allows this too: clients check before each push and give
   * up if refused.
   */
  readonly isLookUp?: boolean;
}

/**
 * Returns what allows the action; undefined if nothing does.
 * Rights add up; of several rules that allow it, the first in the file counts. A token that a user made may do what both
 * its scope and the user's rights allow. It takes microseconds with thousands of rules.
 */
export function findRight(
  policy: Policy,
  principal: Principal,
  need: Need,
  address: string | undefined,
): Right | undefined {
  if (principal.kind === 'machine' && principal.scope !== undefined) {
    const { name, scope, maker } = principal;
    const isAllowed =
      isInScope(scope, need) &&
      (maker === undefined || findRight(policy, { kind: 'user', ...maker }, need, address) !== undefined);
    return isAllowed ? { kind: 'scope', token: name } : undefined;
  }
  if (policy.kind === 'open') {
    return EVERY[principal.kind];
  }
  const rule = findRule(policy, principal, need, address);
  return rule && { kind: 'rule', where: rule.where };
}

/**
 * Reports whether the client's Bearer token, if it has one, was issued for this. For a look-up, the token only has to
 * name the repository: a client that may only push requests `pull` first, as the challenge to HEAD says, and is granted
 * no action.
 */
export function isWithin({ within }: Principal, need: Need): boolean {
  return (
    within === undefined ||
    within.some(
      ({ type, name, actions }) =>
        type === 'repository' &&
        name === need.repository &&
        (need.isLookUp === true || actions.includes(need.action)),
    )
  );
}

/** Reports the same for the catalog. */
export function isWithinCatalog({ within }: Principal): boolean {
  return (
    within === undefined ||
    within.some(
      ({ type, name, actions }) => type === 'registry' && name === 'catalog' && actions.includes('*'),
    )
  );
}

const EVERY: Readonly<Record<Principal['kind'], Right | undefined>> = {
  anonymous: undefined,
  user: { kind: 'every', who: 'user' },
  machine: { kind: 'every', who: 'token' },
};

type RulePolicy = Extract<Policy, { kind: 'rules' }>;

function findRule(
  policy: RulePolicy,
  principal: Principal,
  need: Need,
  address: string | undefined,
): Rule | undefined {
  const name = nameFor(principal, need);
  let found: Rule | undefined;
  for (const rule of candidates(policy, principal, name)) {
    const isEarlier = found === undefined || rule.order < found.order;
    if (isEarlier && allows(rule, need) && coversName(rule, name) && appliesAt(rule, address)) found = rule;
  }
  return found;
}

/** Returns the repository with what `${user}` stands for if this principal asks. */
export function nameFor(principal: Principal, { repository }: Need): Name {
  return nameOf(repository, principal.kind === 'user' ? principal.name : undefined);
}

/** Reports whether these actions include the one needed. */
export function allows({ allow }: { readonly allow: ReadonlySet<Action> }, need: Need): boolean {
  return allow.has(need.action) || (need.isLookUp === true && need.action === 'pull' && allow.has('push'));
}

/** Returns the index keys of the rules for this principal. Rules for anonymous clients are for all. */
export function ruleKeys({ groupsOf }: RulePolicy, principal: Principal): readonly string[] {
  switch (principal.kind) {
    case 'anonymous':
      return ['anonymous'];
    case 'machine':
      return [`token:${principal.name}`, 'authenticated', 'anonymous'];
    case 'user': {
      const groups = mergeGroups(groupsOf.get(principal.name) ?? [], principal.groups ?? []);
      return [`user:${principal.name}`, ...groups, 'authenticated', 'anonymous'];
    }
  }
}

/** The groups of the access file, and those of the directory. */
function mergeGroups(keys: readonly string[], names: readonly string[]): readonly string[] {
  if (names.length === 0) return keys;
  return [...new Set([...keys, ...names.map((name) => renderWho({ kind: 'group', name }))])];
}

/** Yields the rules that may cover this name, and few others. */
function* candidates(policy: RulePolicy, principal: Principal, { components }: Name): Generator<Rule> {
  for (const key of ruleKeys(policy, principal)) {
    const entries = policy.index.get(key);
    yield* entries?.byFirst.get(components[0] ?? '') ?? [];
    yield* entries?.anyFirst ?? [];
  }
}

interface CompiledEntry extends Pick<Rule, 'include' | 'exclude' | 'allow'> {}

/** A scope is immutable and is checked once for every request of its token. */
const compiledScopes = new WeakMap<TokenScope, readonly CompiledEntry[]>();

function isInScope(scope: TokenScope, need: Need): boolean {
  const compiled = compiledScopes.get(scope) ?? scope.map(compileEntry);
  compiledScopes.set(scope, compiled);
  // A token is not a user: `${user}` stands for nothing in its scope.
  const name = nameOf(need.repository, undefined);
  return compiled.some((entry) => allows(entry, need) && coversName(entry, name));
}

/** With one invalid pattern the entry allows nothing: the pattern might exclude something. */
function compileEntry({ repositories, allow }: ScopeEntry): CompiledEntry {
  const include: Pattern[] = [];
  const exclude: Pattern[] = [];
  for (const text of repositories) {
    const isNegated = text.startsWith('!');
    const outcome = parsePattern(isNegated ? text.slice(1) : text);
    if (!outcome.ok) return { include: [], exclude: [], allow: new Set() };
    (isNegated ? exclude : include).push(outcome.pattern);
  }
  return { include, exclude, allow: new Set(allow) };
}

const SCOPE_PREFIX = 'the scope of token:';
const EVERY_PREFIX = 'every ';

/** Renders a right for logs and commands: `access.yml:7`, `every user`, `the scope of token:ci`. */
export function renderRight(right: Right): string {
  switch (right.kind) {
    case 'rule':
      return right.where;
    case 'every':
      return `${EVERY_PREFIX}${right.who}`;
    case 'scope':
      return `${SCOPE_PREFIX}${right.token}`;
  }
}

/** The inverse of `renderRight`, for lines of a log. Any other text counts as the place of a rule. */
export function parseRight(text: string): Right {
  if (text.startsWith(SCOPE_PREFIX)) return { kind: 'scope', token: text.slice(SCOPE_PREFIX.length) };
  const who = text.startsWith(EVERY_PREFIX) ? text.slice(EVERY_PREFIX.length) : undefined;
  return who === 'user' || who === 'token' ? { kind: 'every', who } : { kind: 'rule', where: text };
}
