import type { Action } from '../../oci/request/parse.ts';
import { parseExpectation, type Expectation } from './expectation.ts';
import { parseWho, type Who } from './who.ts';
import { parseNetwork, type Network } from '../../lib/network.ts';
import { parsePattern } from './pattern.ts';
import { createPolicy, type Policy, type Rule } from './policy.ts';
import { findIdleRules, judgePatterns, type PlacedPattern } from './redundancy.ts';

/** A text of the access file and its position. */
export interface SourceText {
  readonly text: string;
  /** `rules[2].who[0]` */
  readonly path: string;
  /** `access.yml:14` */
  readonly where: string;
}

/** The content of the access file. */
export interface PolicySource {
  readonly groups: readonly {
    readonly name: string;
    readonly path: string;
    readonly where: string;
    readonly members: readonly SourceText[];
  }[];
  /** Who owns the gate: users and groups. */
  readonly owners?: readonly SourceText[];
  readonly rules: readonly RuleSource[];
  readonly expect: readonly SourceText[];
}

export interface RuleSource {
  readonly path: string;
  readonly where: string;
  readonly who: readonly SourceText[];
  readonly repositories: readonly SourceText[];
  readonly allow: readonly Action[];
  readonly networks: readonly SourceText[];
}

/** The names that exist; undefined if unknown, and then no warnings about names are given. */
export interface KnownNames {
  readonly users?: { has(name: string): boolean } | undefined;
  readonly tokens?: { has(name: string): boolean } | undefined;
  /** The groups that the directory may give; undefined where it gives none, and a rule names a group of the file. */
  readonly groups?: { has(name: string): boolean } | undefined;
}

/** A fault in the rules, in the form of a configuration problem. */
export interface PolicyProblem {
  readonly path: string;
  readonly reason: string;
  readonly where: string;
}

interface Compiled {
  /** Made of everything that could be read. Use it only without problems. */
  readonly policy: Policy;
  readonly expectations: readonly Expectation[];
  /** Faults that keep the rules from being used: they could mean something else than intended. */
  readonly problems: readonly PolicyProblem[];
  /**
   * Entries without effect: unknown names, and rules that add nothing. These are no faults: users leave, and rules may
   * be written in advance.
   */
  readonly warnings: readonly PolicyProblem[];
}

/** Compiles the content of the access file to a policy, and reports all faults in it. */
export function compilePolicy(source: PolicySource, known: KnownNames): Compiled {
  const compilation: Compilation = { known, groups: new Map(), problems: [], warnings: [] };
  for (const group of source.groups)
    compilation.groups.set(group.name, readMembers(compilation, group.members));
  const rules = source.rules.map((rule, order) => readRule(compilation, rule, order));
  const owners = (source.owners ?? []).flatMap((text) => readOwner(compilation, text));
  const policy = createPolicy(rules, compilation.groups, owners);
  const expectations = source.expect.flatMap((text) => readExpectation(compilation, text));
  compilation.warnings.push(...findIdleRules(rules, compilation.groups));
  return { policy, expectations, problems: compilation.problems, warnings: compilation.warnings };
}

interface Compilation {
  readonly known: KnownNames;
  readonly groups: Map<string, ReadonlySet<string>>;
  readonly problems: PolicyProblem[];
  readonly warnings: PolicyProblem[];
}

function readMembers(compilation: Compilation, members: readonly SourceText[]): ReadonlySet<string> {
  const names = members.flatMap((member) => {
    const who = parseWho(member.text);
    if (who?.kind !== 'user') {
      compilation.problems.push(problem(member, 'is no user: a group holds users, by their names'));
      return [];
    }
    warnOfName(compilation, member, who);
    return [who.name];
  });
  return new Set(names);
}

function readRule(compilation: Compilation, source: RuleSource, order: number): Rule {
  const who = source.who.flatMap((text) => readWho(compilation, text));
  const patterns = source.repositories.flatMap((text) => readPattern(compilation, text));
  const networks = source.networks.flatMap((text) => readNetwork(compilation, text));
  compilation.problems.push(...judgePatterns(patterns, who, source));
  return {
    order,
    where: source.where,
    path: source.path,
    who,
    include: patterns.filter((it) => !it.isNegated).map(({ pattern }) => pattern),
    exclude: patterns.filter((it) => it.isNegated).map(({ pattern }) => pattern),
    allow: new Set(source.allow),
    networks: source.networks.length === 0 ? undefined : networks,
  };
}

function readWho(compilation: Compilation, text: SourceText): Who[] {
  const who = parseWho(text.text);
  if (who === undefined) {
    const reason = 'is no user, group:NAME, token:NAME, authenticated or anonymous';
    compilation.problems.push(problem(text, reason));
    return [];
  }
  return knownWho(compilation, text, who);
}

function readOwner(compilation: Compilation, text: SourceText): Who[] {
  const who = parseWho(text.text);
  if (who?.kind !== 'user' && who?.kind !== 'group') {
    compilation.problems.push(problem(text, 'is no user and no group:NAME: people own a gate, not machines'));
    return [];
  }
  return knownWho(compilation, text, who);
}

function knownWho(compilation: Compilation, text: SourceText, who: Who): Who[] {
  if (who.kind === 'group' && !isGroup(compilation, who.name)) {
    compilation.problems.push(problem(text, `there is no group ${JSON.stringify(who.name)} in this file`));
    return [];
  }
  warnOfName(compilation, text, who);
  return [who];
}

function isGroup({ groups, known }: Compilation, name: string): boolean {
  return groups.has(name) || known.groups?.has(name) === true;
}

function warnOfName({ known, warnings }: Compilation, at: SourceText, who: Who): void {
  if (who.kind === 'user' && known.users?.has(who.name) === false) {
    warnings.push(problem(at, `there is no user ${JSON.stringify(who.name)} (registry-gate users list)`));
  }
  if (who.kind === 'token' && known.tokens?.has(who.name) === false) {
    warnings.push(problem(at, `there is no token ${JSON.stringify(who.name)} (registry-gate tokens list)`));
  }
}

function readPattern({ problems }: Compilation, at: SourceText): PlacedPattern[] {
  const isNegated = at.text.startsWith('!');
  const outcome = parsePattern(isNegated ? at.text.slice(1) : at.text);
  if (outcome.ok) return [{ pattern: outcome.pattern, isNegated, at }];
  problems.push(problem(at, `${JSON.stringify(at.text)} ${outcome.reason}`));
  return [];
}

function readNetwork({ problems }: Compilation, at: SourceText): Network[] {
  const outcome = parseNetwork(at.text);
  if (outcome.ok) return [outcome.network];
  problems.push(problem(at, `${JSON.stringify(at.text)} ${outcome.reason}`));
  return [];
}

function readExpectation(compilation: Compilation, at: SourceText): Expectation[] {
  const outcome = parseExpectation(at.text);
  if (!outcome.ok) {
    compilation.problems.push(problem(at, outcome.reason));
    return [];
  }
  const { principal } = outcome.expectation;
  if (principal.kind === 'machine') warnOfName(compilation, at, { kind: 'token', name: principal.name });
  if (principal.kind === 'user' && principal.name !== '') {
    warnOfName(compilation, at, { kind: 'user', name: principal.name });
  }
  return [{ ...outcome.expectation, path: at.path, where: at.where }];
}

function problem({ path, where }: SourceText, reason: string): PolicyProblem {
  return { path, where, reason };
}
