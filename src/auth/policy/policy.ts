import type { Action } from '../../oci/request/parse.ts';
import { renderWho, type Who } from './who.ts';
import { matchesPattern, type Name, type Pattern } from './pattern.ts';
import { isInside, type Network } from '../../lib/network.ts';

/** A compiled rule. */
export interface Rule {
  /** Position in the file, from 0. */
  readonly order: number;
  /** `access.yml:7`: its name in logs and explanations. */
  readonly where: string;
  readonly path: string;
  readonly who: readonly Who[];
  readonly include: readonly Pattern[];
  /** The patterns with a leading `!`. */
  readonly exclude: readonly Pattern[];
  readonly allow: ReadonlySet<Action>;
  /** Undefined for any address. */
  readonly networks: readonly Network[] | undefined;
}

/** The rules of one subject, by the first component of the repository. */
interface RuleIndex {
  readonly byFirst: ReadonlyMap<string, readonly Rule[]>;
  /** Rules whose first component is a pattern. */
  readonly anyFirst: readonly Rule[];
}

/** Immutable rights of all clients. */
export type Policy =
  /** Without an access file, every signed-in client may do everything. */
  | { readonly kind: 'open' }
  | {
      readonly kind: 'rules';
      readonly rules: readonly Rule[];
      /** By `renderWho`. */
      readonly index: ReadonlyMap<string, RuleIndex>;
      /** The groups that the file gives each user, as `group:NAME`. */
      readonly groupsOf: ReadonlyMap<string, readonly string[]>;
      /** Who owns the gate, by `renderWho`: users and groups. */
      readonly owners: ReadonlySet<string>;
    };

/**
 * The policy without an access file: every user, and every token within its scope, may do everything; anonymous clients
 * nothing.
 */
export const OPEN_POLICY: Policy = { kind: 'open' };

/** Reports whether some rule is for anonymous clients, so that clients need a way to connect without a password. */
export function hasAnonymousRules(policy: Policy): boolean {
  return policy.kind === 'rules' && policy.index.has('anonymous');
}

/** Reports whether the rule covers the repository. */
export function coversName({ include, exclude }: Pick<Rule, 'include' | 'exclude'>, name: Name): boolean {
  return (
    include.some((pattern) => matchesPattern(pattern, name)) &&
    !exclude.some((pattern) => matchesPattern(pattern, name))
  );
}

/** Reports whether the rule applies to a client at this address. A client without an address is in no network. */
export function appliesAt({ networks }: Pick<Rule, 'networks'>, address: string | undefined): boolean {
  return networks === undefined || (address !== undefined && isInside(address, networks));
}

/** Indexes the rules by subject and first component. */
export function createPolicy(
  rules: readonly Rule[],
  groups: ReadonlyMap<string, ReadonlySet<string>>,
  owners: readonly Who[] = [],
): Policy {
  const index = new Map<string, { readonly byFirst: Map<string, Rule[]>; readonly anyFirst: Rule[] }>();
  for (const rule of rules) {
    for (const key of new Set(rule.who.map(renderWho))) {
      const entry = index.get(key) ?? { byFirst: new Map<string, Rule[]>(), anyFirst: [] };
      index.set(key, entry);
      for (const first of new Set(rule.include.map((pattern) => pattern.first))) {
        if (first === undefined) entry.anyFirst.push(rule);
        else pushTo(entry.byFirst, first, rule);
      }
    }
  }
  const groupsOf = new Map<string, string[]>();
  for (const [group, members] of groups) {
    for (const user of members) pushTo(groupsOf, user, renderWho({ kind: 'group', name: group }));
  }
  return { kind: 'rules', rules, index, groupsOf, owners: new Set(owners.map(renderWho)) };
}

export function pushTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
