import { isAction } from '../../oci/request/parse.ts';
import { isRepository } from '../../oci/request/route.ts';
import { denialOf, describeNeed } from './decide.ts';
import { findNearMisses } from './explain.ts';
import { principalName, type Principal } from '../principal.ts';
import { parsePrincipal } from './who.ts';
import { parseAddress } from '../../lib/network.ts';
import type { Policy } from './policy.ts';
import { renderMiss } from './miss.ts';
import { findRight, renderRight, type Need } from './right.ts';

/** A test case in the access file. */
export interface Expectation {
  readonly path: string;
  readonly where: string;
  readonly principal: Principal;
  readonly need: Need;
  readonly address: string | undefined;
  readonly isAllowed: boolean;
}

type ExpectationOutcome =
  | { readonly ok: true; readonly expectation: Omit<Expectation, 'path' | 'where'> }
  | { readonly ok: false; readonly reason: string };

const FORM =
  /^(?<who>\S.*?) may (?<not>not )?(?<action>pull|push|delete) (?<repository>\S+)(?: from (?<from>\S+))?$/;

/** Reads `alice may push team/app`, `anonymous may not pull secret/x`, `token:ci may pull base/x from 10.0.0.7`. */
export function parseExpectation(text: string): ExpectationOutcome {
  const { who = '', not, action, repository = '', from } = FORM.exec(text)?.groups ?? {};
  if (!isAction(action)) {
    return {
      ok: false,
      reason: 'is no sentence like "alice may push team/app" or "anonymous may not pull secret/x"',
    };
  }
  const principal = parsePrincipal(who);
  if (principal === undefined) {
    return {
      ok: false,
      reason: `begins with ${JSON.stringify(who)}, which is no user, token:NAME, authenticated or anonymous`,
    };
  }
  if (!isRepository(repository))
    return { ok: false, reason: `names ${JSON.stringify(repository)}, which no repository can be called` };
  if (from !== undefined && parseAddress(from) === undefined) {
    return { ok: false, reason: `ends with ${JSON.stringify(from)}, which is no address` };
  }
  const need = { action, repository };
  return { ok: true, expectation: { principal, need, address: from, isAllowed: not === undefined } };
}

/** Returns the test cases that the policy does not meet, each with the decision and the rule that made it. */
export function failedExpectations(
  policy: Policy,
  expectations: readonly Expectation[],
): readonly { readonly path: string; readonly where: string; readonly reason: string }[] {
  return expectations.flatMap(({ path, where, principal, need, address, isAllowed }) => {
    const right = findRight(policy, principal, need, address);
    if ((right !== undefined) === isAllowed) return [];
    const reason =
      right === undefined
        ? [
            denialOf(principal, need),
            ...findNearMisses(policy, principal, need, address).map(
              ({ where, miss }) => `${where} ${renderMiss(miss)}`,
            ),
          ].join(' ')
        : `${principalName(principal)} may ${describeNeed(need)}, by ${renderRight(right)}`;
    return [{ path, where, reason: `fails: ${reason}` }];
  });
}
