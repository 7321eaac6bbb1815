import { renderWho, type Who } from './who.ts';
import { isWithin } from '../../lib/network.ts';
import { coversPattern, overlapsPattern, type Pattern } from './pattern.ts';
import { pushTo, type Rule } from './policy.ts';

/** A pattern of a rule and its position. */
export interface PlacedPattern {
  readonly pattern: Pattern;
  readonly isNegated: boolean;
  readonly at: SourcePosition;
}

interface SourcePosition {
  readonly path: string;
  readonly where: string;
}

interface Finding extends SourcePosition {
  readonly reason: string;
}

/** Returns the patterns of one rule that certainly have no effect: something else was meant. */
export function judgePatterns(
  patterns: readonly PlacedPattern[],
  who: readonly Who[],
  { path, where }: SourcePosition,
): readonly Finding[] {
  const positive = patterns.filter(({ isNegated }) => !isNegated);
  const negated = patterns.filter(({ isNegated }) => isNegated);
  if (positive.length === 0) {
    return negated.length === 0
      ? []
      : [{ path: `${path}.repositories`, where, reason: 'only takes out: there is no pattern to take from' }];
  }
  return [
    ...positive.flatMap(({ pattern, at }) => findingOf(at, includeFault(pattern, negated, who))),
    ...negated.flatMap(({ pattern, at }) => findingOf(at, excludeFault(pattern, positive))),
  ];
}

function findingOf({ path, where }: SourcePosition, reason: string | undefined): Finding[] {
  return reason === undefined ? [] : [{ path, where, reason }];
}

function includeFault(
  pattern: Pattern,
  negated: readonly PlacedPattern[],
  who: readonly Who[],
): string | undefined {
  if (pattern.namesUser && who.length > 0 && who.every(isNoUser)) {
    return '${user} stands for the name of a user, and the rule names none: write authenticated, a group or a user';
  }
  const eaten = negated.find((it) => coversPattern(it.pattern, pattern));
  return eaten && `can never match: !${eaten.pattern.text} takes all of it out again`;
}

function excludeFault(pattern: Pattern, positive: readonly PlacedPattern[]): string | undefined {
  return positive.some((it) => overlapsPattern(it.pattern, pattern))
    ? undefined
    : `takes nothing out: no other pattern of the rule matches what !${pattern.text} does`;
}

/**
 * Anonymous clients and tokens are not users. A rule for anonymous clients also covers users, but `${user}` needs a
 * rule that names users.
 */
function isNoUser({ kind }: Who): boolean {
  return kind === 'anonymous' || kind === 'token';
}

/** Returns rules that certainly add nothing to an earlier one. */
export function findIdleRules(
  rules: readonly Rule[],
  groups: ReadonlyMap<string, ReadonlySet<string>>,
): readonly Finding[] {
  const earlier = new Map<string, Rule[]>();
  return rules.flatMap((rule): Finding[] => {
    // A rule that covers all subjects covers the first, so only the rules for that one are compared.
    const keys = rule.who.slice(0, 1).flatMap((who) => widerKeys(who, groups));
    const other = keys.flatMap((key) => earlier.get(key) ?? []).find((it) => isIdleBeside(rule, it, groups));
    for (const key of new Set(rule.who.map(renderWho))) pushTo(earlier, key, rule);
    if (other === undefined || rule.include.length === 0) return [];
    const reason = `adds nothing to the rule at ${other.where}, which allows all of it`;
    return [{ path: rule.path, where: rule.where, reason }];
  });
}

/** Returns the index keys of rules that may cover this subject. */
function widerKeys(who: Who, groups: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  if (who.kind === 'anonymous') return ['anonymous'];
  const own = 'name' in who ? [renderWho(who)] : [];
  const theirs = who.kind === 'user' ? [...groups].filter(([, members]) => members.has(who.name)) : [];
  const names = theirs.map(([name]) => renderWho({ kind: 'group', name }));
  return [...own, ...names, 'authenticated', 'anonymous'];
}

function isIdleBeside(rule: Rule, other: Rule, groups: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  return (
    [...rule.allow].every((action) => other.allow.has(action)) &&
    rule.who.every((who) => other.who.some((it) => includes(it, who, groups))) &&
    areNetworksCovered(rule, other) &&
    rule.include.every((pattern) => isCoveredBy(pattern, rule, other))
  );
}

/** Reports whether the outer subject covers the inner one. */
function includes(outer: Who, inner: Who, groups: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  if (outer.kind === 'anonymous') return true;
  if (outer.kind === 'authenticated') return inner.kind !== 'anonymous';
  if (!('name' in inner)) return false;
  if (outer.kind === inner.kind && outer.name === inner.name) return true;
  return outer.kind === 'group' && inner.kind === 'user' && groups.get(outer.name)?.has(inner.name) === true;
}

function areNetworksCovered({ networks: inner }: Rule, { networks: outer }: Rule): boolean {
  if (outer === undefined) return true;
  return inner !== undefined && inner.every((one) => outer.some((it) => isWithin(one, it)));
}

function isCoveredBy(pattern: Pattern, rule: Rule, other: Rule): boolean {
  return (
    other.include.some((it) => coversPattern(it, pattern)) &&
    other.exclude.every(
      (left) => !overlapsPattern(left, pattern) || rule.exclude.some((it) => coversPattern(it, left)),
    )
  );
}
