/* What a decision costs: node bench/policy.ts [RULES] [USERS] */
import { createNameFilter, decide } from '../src/auth/policy/decide.ts';
import { compilePolicy } from '../src/auth/policy/compile.ts';
import type { PolicySource, RuleSource, SourceText } from '../src/auth/policy/compile.ts';
import type { Principal } from '../src/auth/principal.ts';
import type { Policy } from '../src/auth/policy/policy.ts';
import { parseRegistryRequest, type RegistryRequest } from '../src/oci/request/parse.ts';

const [rules = 1000, users = 1000] = process.argv.slice(2).map(Number);
const ROUNDS = 200_000;

const texts = (...list: readonly string[]): SourceText[] =>
  list.map((text) => ({ text, path: 'rules', where: 'access.yml:1' }));

function rule(who: string, ...repositories: readonly string[]): RuleSource {
  return {
    path: 'rules',
    where: 'access.yml:1',
    who: texts(who),
    repositories: texts(...repositories),
    allow: ['pull', 'push'],
    networks: [],
  };
}

/** A group for every ten users, each with its corner; every user is in one. */
function teams(): PolicySource {
  const count = Math.ceil(users / 10);
  return {
    groups: Array.from({ length: count }, (_, at) => ({
      name: `g${at}`,
      path: 'groups',
      where: 'access.yml:1',
      members: texts(...Array.from({ length: 10 }, (_, user) => `user${at * 10 + user}`)),
    })),
    rules: Array.from({ length: rules }, (_, at) =>
      rule(`group:g${at % count}`, `team${at}/**`, `!team${at}/secret/**`),
    ),
    expect: [],
  };
}

/** The worst case: every rule is for everybody, and begins with a pattern, so that each has to be tried. */
function unsorted(): PolicySource {
  const written = Array.from({ length: rules }, (_, at) => rule('authenticated', `*-${at}/**/x${at}`));
  return { groups: [], rules: written, expect: [] };
}

function request(target: string): RegistryRequest {
  const outcome = parseRegistryRequest('GET', target);
  if (outcome.kind !== 'request') throw new Error(outcome.kind);
  return outcome.request;
}

function measure(name: string, policy: Policy, targets: readonly RegistryRequest[], rounds: number): void {
  const principals = Array.from({ length: users }, (_, at): Principal => ({
    kind: 'user',
    name: `user${at}`,
  }));
  let allowed = 0;
  const run = (count: number): void => {
    for (let round = 0; round < count; round += 1) {
      const [principal, target] = [principals[round % users], targets[round % targets.length]];
      if (principal !== undefined && decide(policy, principal, target, '10.0.0.1').allowed) allowed += 1;
    }
  };
  run(rounds / 10);
  allowed = 0;
  const start = performance.now();
  run(rounds);
  const each = ((performance.now() - start) * 1000) / rounds;
  console.log(
    `${name}: ${each.toFixed(2)} µs a decision (${Math.round((allowed * 100) / rounds)} % allowed)`,
  );
}

const start = performance.now();
const { policy } = compilePolicy(teams(), {});
console.log(
  `${rules} rules, ${users} users: compiled and checked in ${(performance.now() - start).toFixed(0)} ms`,
);
const names = Array.from({ length: rules }, (_, at) => request(`/v2/team${at}/app/manifests/latest`));
measure('teams', policy, names, ROUNDS);
const startOfWorst = performance.now();
const worst = compilePolicy(unsorted(), {});
console.log(
  `every rule for everybody: compiled and checked in ${(performance.now() - startOfWorst).toFixed(0)} ms`,
);
measure(
  'every rule tried',
  worst.policy,
  [request('/v2/team/some/deep/name/manifests/latest')],
  ROUNDS / 100,
);
const isVisible = createNameFilter(policy, { kind: 'user', name: 'user1' }, '10.0.0.1');
const began = performance.now();
const seen = Array.from({ length: 100_000 }, (_, at) => `team${at % rules}/app${at}`).filter((name) =>
  isVisible?.(name),
);
console.log(`a catalog of 100,000 names: ${(performance.now() - began).toFixed(0)} ms (${seen.length} seen)`);
