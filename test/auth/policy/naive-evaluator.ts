import * as fc from 'fast-check';
import type { Principal } from '../../../src/auth/principal.ts';
import type { Action } from '../../../src/oci/request/parse.ts';

/** A second evaluator, written for nothing but to be plainly right: no index, no compiled form, one rule after the other. */

export interface NaiveRule {
  readonly who: readonly string[];
  readonly repositories: readonly string[];
  readonly allow: readonly Action[];
  readonly networks?: readonly string[] | undefined;
}

export interface NaivePolicy {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly NaiveRule[];
}

export interface NaiveNeed {
  readonly actions: readonly Action[];
  readonly repository: string;
  readonly address: string | undefined;
}

const COMPONENT = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;

export function naiveMatch(pattern: string, name: string, user: string | undefined): boolean {
  const isComponent = user !== undefined && COMPONENT.test(user);
  if (pattern.includes('${user}') && !isComponent) return false;
  const written = isComponent ? pattern.split('${user}').join(user) : pattern;
  return walk(written.split('/'), name.split('/'));
}

function walk(pattern: readonly string[], name: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return name.length === 0;
  if (head === '**' && rest.every((part) => part === '**')) return name.length > 0;
  if (head === '**') return name.some((_, at) => walk(rest, name.slice(at))) || walk(rest, []);
  const [first, ...others] = name;
  if (first === undefined) return false;
  const escaped = head.split('*').map((part) => part.replaceAll('.', String.raw`\.`));
  return new RegExp(`^${escaped.join('.*')}$`).test(first) && walk(rest, others);
}

function isWho(who: string, principal: Principal, groups: NaivePolicy['groups']): boolean {
  if (who === 'anonymous') return true;
  if (principal.kind === 'anonymous') return false;
  if (who === 'authenticated') return true;
  if (principal.kind === 'machine') return who === `token:${principal.name}`;
  const group = who.startsWith('group:') ? groups[who.slice('group:'.length)] : undefined;
  return who === principal.name || group?.includes(principal.name) === true;
}

/** Networks are `10.N.0.0/16` and whole addresses alone. */
function isFrom(networks: readonly string[] | undefined, address: string | undefined): boolean {
  if (networks === undefined) return true;
  return networks.some((network) =>
    network.endsWith('.0.0/16')
      ? address?.startsWith(network.slice(0, -'0.0/16'.length)) === true
      : address === network,
  );
}

function takes(repositories: readonly string[], name: string, user: string | undefined): boolean {
  const take = repositories.filter((it) => !it.startsWith('!'));
  const leave = repositories.filter((it) => it.startsWith('!')).map((it) => it.slice(1));
  return take.some((it) => naiveMatch(it, name, user)) && !leave.some((it) => naiveMatch(it, name, user));
}

export function naiveMay(policy: NaivePolicy, principal: Principal, need: NaiveNeed): boolean {
  if (principal.kind === 'machine' && principal.scope !== undefined) {
    return principal.scope.some(
      ({ repositories, allow }) =>
        need.actions.some((action) => allow.includes(action)) &&
        takes(repositories, need.repository, undefined),
    );
  }
  const user = principal.kind === 'user' ? principal.name : undefined;
  return policy.rules.some(
    ({ who, repositories, allow, networks }) =>
      who.some((it) => isWho(it, principal, policy.groups)) &&
      need.actions.some((action) => allow.includes(action)) &&
      isFrom(networks, need.address) &&
      takes(repositories, need.repository, user),
  );
}

const letters = fc.constantFrom('a', 'b', 'ab');

/** Few letters, so that names and patterns meet. */
export const anyName: fc.Arbitrary<string> = fc
  .array(letters, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

export const anyPattern: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('a', 'b', 'ab', '*', '**', '**', 'a*', '*b', '${user}', '${user}*'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join('/'));
