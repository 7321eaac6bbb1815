import type { Action } from '../../oci/request/parse.ts';
import type { Principal, ScopeEntry } from '../principal.ts';
import { overlapsPattern, parsePattern, type Pattern } from './pattern.ts';
import { appliesAt, type Policy } from './policy.ts';
import { findRight, nameFor, ruleKeys } from './right.ts';
import { renderWho } from './who.ts';

/** A part of a scope. */
interface ScopePart {
  readonly repository: string;
  readonly action: Action;
}

/**
 * Returns the first part of a scope that a user can't hand on: nothing allows the user the action, in the repository or in
 * any that the pattern may match. Undefined if there is none. Parts of what a pattern matches may still be out of reach:
 * `findRight` decides on these at each request.
 */
export function findUngrantable(
  policy: Policy,
  principal: Principal,
  { repositories, allow }: ScopeEntry,
  address: string | undefined,
): ScopePart | undefined {
  const included = repositories.filter((text) => !text.startsWith('!'));
  return included
    .flatMap((repository) => allow.map((action) => ({ repository, action })))
    .find((part) => !mayAnywhere(policy, principal, part, address));
}

function mayAnywhere(
  policy: Policy,
  principal: Principal,
  { repository, action }: ScopePart,
  address: string | undefined,
): boolean {
  const outcome = parsePattern(repository);
  if (!outcome.ok || outcome.pattern.namesUser) return false;
  if (!repository.includes('*') || policy.kind === 'open')
    return findRight(policy, principal, { action, repository }, address) !== undefined;
  const keys = new Set(ruleKeys(policy, principal));
  return policy.rules.some(
    (rule) =>
      rule.allow.has(action) &&
      appliesAt(rule, address) &&
      rule.who.some((who) => keys.has(renderWho(who))) &&
      rule.include.some((pattern) => mayOverlap(pattern, outcome.pattern, principal)),
  );
}

/** In a rule, `${user}` stands for this principal alone. */
function mayOverlap(pattern: Pattern, wished: Pattern, principal: Principal): boolean {
  if (!pattern.namesUser) return overlapsPattern(pattern, wished);
  const { user } = nameFor(principal, { action: 'pull', repository: '' });
  const own = user === undefined ? undefined : parsePattern(pattern.text.replaceAll('${user}', () => user));
  return own?.ok === true && overlapsPattern(own.pattern, wished);
}
