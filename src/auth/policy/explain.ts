import { matchesPattern, type Name } from './pattern.ts';
import { appliesAt, type Policy, type Rule } from './policy.ts';
import type { Principal } from '../principal.ts';
import type { Miss } from './miss.ts';
import { renderWho } from './who.ts';
import { allows, ruleKeys, nameFor, type Need } from './right.ts';

/** A rule that names the principal and the repository but does not allow the action. */
export interface NearMiss {
  /** `access.yml:7` */
  readonly where: string;
  readonly miss: Miss;
}

/**
 * Returns why nothing allows the action. Only for the owner of the rules, since it reveals other rules. Empty if no
 * rule comes close.
 */
export function findNearMisses(
  policy: Policy,
  principal: Principal,
  need: Need,
  address: string | undefined,
): readonly NearMiss[] {
  if (policy.kind === 'open' || (principal.kind === 'machine' && principal.scope !== undefined)) return [];
  const keys = ruleKeys(policy, principal);
  const name = nameFor(principal, need);
  return policy.rules.flatMap((rule): NearMiss[] => {
    if (!rule.who.some((who) => keys.includes(renderWho(who)))) return [];
    if (!rule.include.some((pattern) => matchesPattern(pattern, name))) return [];
    const miss = findMiss(rule, name, need, address);
    return miss === undefined ? [] : [{ where: rule.where, miss }];
  });
}

function findMiss(rule: Rule, name: Name, need: Need, address: string | undefined): Miss | undefined {
  const left = rule.exclude.find((pattern) => matchesPattern(pattern, name));
  if (left !== undefined) return { kind: 'excluded', pattern: left.text };
  if (!allows(rule, need)) return { kind: 'actions', allow: [...rule.allow] };
  if (appliesAt(rule, address)) return undefined;
  return { kind: 'networks', networks: (rule.networks ?? []).map(({ text }) => text) };
}
