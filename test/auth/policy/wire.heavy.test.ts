import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeTarget } from '../../../src/http/admission.ts';
import { compilePolicy, type PolicySource, type SourceText } from '../../../src/auth/policy/compile.ts';
import { decide } from '../../../src/auth/policy/decide.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import type { Access } from '../../../src/oci/request/scope.ts';
import { parseRegistryRequest, type Action } from '../../../src/oci/request/parse.ts';
import { withoutMount } from '../../../src/oci/request/without-mount.ts';
import { complaintsAboutForwarded } from '../../security/run-cases.ts';
import { FIXTURE_RULE, accessFor, as, scopeFor, useRights } from '../../security/rights-fixture.ts';
import { TEST_USER, basic } from '../../support/test-gate.ts';
import { anyName, anyPattern, naiveMay, type NaivePolicy, type NaiveRule } from './naive-evaluator.ts';

const USERS = ['a', 'b', 'ab', '.*', 'constructor', '__proto__'] as const;
const D = `sha256:${'1'.repeat(64)}`;
const ADDRESS = '127.0.0.1';
const OWN: NaiveRule = { who: [TEST_USER], repositories: ['barrier', 'canary'], allow: ['pull'] };
const SCOPE = [{ repositories: ['a/**', '!a/b/**', 'b'], allow: ['pull', 'push'] as const }];

const list = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.uniqueArray(arbitrary, { minLength: 1, maxLength });
const anyRule: fc.Arbitrary<NaiveRule> = fc.record({
  who: list(fc.constantFrom(...USERS, 'group:g', 'token:t', 'token:a', 'authenticated', 'anonymous'), 3),
  repositories: fc
    .tuple(
      list(anyPattern, 2),
      fc.uniqueArray(
        anyPattern.map((it) => `!${it}`),
        { maxLength: 1 },
      ),
    )
    .map(([take, leave]) => [...take, ...leave]),
  allow: list(fc.constantFrom<Action>('pull', 'push', 'delete'), 3),
  networks: fc.option(list(fc.constantFrom('127.0.0.0/16', ADDRESS, '10.1.0.0/16', '192.0.2.1'), 2), {
    nil: undefined,
  }),
});
/** Of a kind that lets more through, so that the rest of a request matters too. */
const anyWideRule: fc.Arbitrary<NaiveRule> = fc.record({
  who: list(fc.constantFrom('authenticated', 'anonymous', 'group:g', 'token:t', 'a', 'b'), 2),
  repositories: fc.constantFrom(['**'], ['a/**', 'b/**'], ['**', '!a/**'], ['ab/**', 'b']),
  allow: list(fc.constantFrom<Action>('pull', 'push'), 2),
});
const anyPolicy: fc.Arbitrary<NaivePolicy> = fc.record({
  groups: fc.record({ g: list(fc.constantFrom(...USERS), 3) }),
  rules: fc.array(fc.oneof(anyRule, anyWideRule), { minLength: 1, maxLength: 6 }),
});

/** The client, and whether it has a Bearer token. */
const anyAsker = fc.record({
  who: fc.constantFrom('nobody', 'token:t', 'token:a', 'token:scoped', ...USERS),
  isBearer: fc.boolean(),
});

const MOUNT = `POST blobs/uploads/?mount=${D}&from=FROM`;
const anyTail = fc.constantFrom(
  MOUNT,
  MOUNT,
  MOUNT,
  'GET manifests/latest',
  `HEAD manifests/${D}`,
  'PUT manifests/latest',
  `PUT manifests/${D}?tag=x&tag=y`,
  'DELETE manifests/latest',
  `GET blobs/${D}`,
  `HEAD blobs/${D.replace(':', '%3a')}`,
  `DELETE blobs/${D}`,
  'GET tags/list?n=5&last=x',
  `GET referrers/${D}`,
  'POST blobs/uploads/',
  `POST blobs/uploads/?from=FROM&x=1&mount=${D}`,
  `POST blobs/uploads/?mount=${D}`,
  `POST blobs/uploads/?mount=${D}&from=FROM&from=a`,
  'PATCH blobs/uploads/u?_state=Zm9v%3D',
  `PUT blobs/uploads/u?digest=${D}&from=FROM`,
  'GET blobs/uploads/u',
  'DELETE blobs/uploads/u',
);
/** What an attacker changes in a line that is good. */
const anyTwist = fc.oneof(
  { weight: 12, arbitrary: fc.constant((line: string) => line) },
  fc
    .tuple(
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom('%2f', '/', '//', '.', '..', '/../', '%', 'A', '?', '&', ';', '#', '/v2/a/'),
    )
    .map(([at, text]) => (line: string): string => {
      const place = Math.min(line.length, line.indexOf('/v2/') + at);
      return line.slice(0, place) + text + line.slice(place);
    }),
  fc.constant((line: string) => line.replace('from=', '%66rom=')),
  fc.constant((line: string) => line.replaceAll('/a', '/%61')),
  fc
    .constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE')
    .map((method) => (line: string) => line.replace(/^\w+/, method)),
);
const anyLine = fc
  .tuple(anyName, fc.option(anyName), anyTail, anyTwist)
  .map(([name, from, tail, twist]) =>
    twist(tail.replace(' ', ` /v2/${name}/`).replace('FROM', from ?? name)),
  );

function sourceOf({ groups, rules }: NaivePolicy): PolicySource {
  const place = { path: 'p', where: 'access.yml:1' };
  const texts = (all: readonly string[]): SourceText[] => all.map((text) => ({ text, ...place }));
  return {
    groups: Object.entries(groups).map(([name, members]) => ({ name, ...place, members: texts(members) })),
    rules: rules.map(({ who, repositories, allow, networks }) => ({
      ...place,
      who: texts(who),
      repositories: texts(repositories),
      allow,
      networks: texts(networks ?? []),
    })),
    expect: [],
  };
}

/** Without the rules that no access file may hold. */
function sound({ groups, rules }: NaivePolicy): NaivePolicy {
  const good = rules.filter(
    (rule) => compilePolicy(sourceOf({ groups, rules: [rule] }), {}).problems.length === 0,
  );
  return { groups, rules: [OWN, ...good] };
}

function identityOf(who: string, within: readonly Access[] | undefined): Principal {
  if (who === 'nobody') return { kind: 'anonymous', within };
  if (who === 'token:scoped') return { kind: 'machine', name: 'scoped', scope: SCOPE };
  if (who.startsWith('token:'))
    return { kind: 'machine', name: who.slice('token:'.length), scope: undefined };
  return { kind: 'user', name: who };
}

/** The naive view of what stands on the wire: which of these actions on which repositories it takes. */
function needsOf(method: string, target: string): readonly (readonly [string, readonly Action[]])[] {
  const [path = '', query = ''] = target.split('?');
  const match = /^\/v2\/(.+)\/(?:(manifests|blobs|tags|referrers)\/[^/]+|blobs\/(uploads)\/[^/]*)$/.exec(
    path,
  );
  const [, name = '', content = ''] = match ?? [];
  const isUpload = /\/blobs\/uploads\/[^/]*$/.test(path);
  const own = isUpload ? path.replace(/^\/v2\/(.+)\/blobs\/uploads\/[^/]*$/, '$1') : name;
  const from = new URLSearchParams(query).get('from');
  const source = from === null ? [] : [[from, ['pull'] as const] as const];
  if (isUpload) return [[own, ['push']], ...source];
  if (method === 'HEAD' && content !== 'tags' && content !== 'referrers')
    return [[own, ['pull', 'push']], ...source];
  if (method === 'GET' || method === 'HEAD') return [[own, ['pull']], ...source];
  return [[own, [method === 'DELETE' ? 'delete' : 'push']], ...source];
}

describe('what reaches the registry', () => {
  const fixture = useRights({
    rules: `rules:\n  - ${FIXTURE_RULE}\n`,
    users: USERS,
    machines: [
      { id: 'm-1', name: 't' },
      { id: 'm-2', name: 'a' },
      {
        id: 'm-3',
        name: 'scoped',
        scope: [{ repositories: SCOPE[0]?.repositories ?? [], allow: ['pull', 'push'] }],
      },
    ],
  });
  const seen = { forwarded: 0, denied: 0, strangers: 0, refused: 0, stripped: 0, granted: 0 };

  function password(who: string): string | undefined {
    const at = ['token:t', 'token:a', 'token:scoped'].indexOf(who);
    if (at >= 0) return basic(who.slice('token:'.length), fixture().secrets[at] ?? '');
    return who === 'nobody' ? undefined : as(who);
  }

  async function credentials(
    naive: NaivePolicy,
    who: string,
    line: string | undefined,
  ): Promise<string | undefined> {
    // Without rules for anonymous clients no anonymous token is issued.
    const isWelcome = who !== 'nobody' || naive.rules.some((rule) => rule.who.includes('anonymous'));
    return line !== undefined && isWelcome ? fixture().bearer(password(who), scopeFor(line)) : password(who);
  }

  it('is what was decided, byte for byte, and what a plain evaluator would let through', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyPolicy.map(sound),
        fc.array(fc.tuple(anyAsker, anyLine), { minLength: 12, maxLength: 12 }),
        async (naive, asks) => {
          await fixture().enforce(JSON.stringify(naive));
          const { policy } = compilePolicy(sourceOf(naive), {});
          for (const [{ who, isBearer }, line] of asks) {
            const authorization = await credentials(naive, who, isBearer ? line : undefined);
            const hasToken = authorization?.startsWith('Bearer') === true;
            const principal = identityOf(who, hasToken ? accessFor(line) : undefined);
            const { status } = await fixture().ask(line, authorization);
            const wire = await fixture().seen();
            const due = dueTarget(policy, principal, line);
            if (status === 400 && due !== undefined) throw new Error(`refused by its form: ${line}`);
            expect([line, wire.map(({ method, target }) => `${method} ${target}`)]).toEqual([
              line,
              due === undefined ? [] : [due],
            ]);
            expect(wire.flatMap(complaintsAboutForwarded)).toEqual([]);
            for (const { method, target } of wire) {
              for (const [repository, actions] of needsOf(method, target)) {
                const need = { actions, repository, address: ADDRESS };
                expect([target, repository, naiveMay(naive, principal, need)]).toEqual([
                  target,
                  repository,
                  true,
                ]);
              }
            }
            count(line, status, wire[0]?.target);
          }
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
    // Each of these has happened, so that none is agreed upon for want of cases.
    expect(Object.entries(seen).filter(([, times]) => times === 0)).toEqual([]);
  });

  function count(line: string, status: number, target: string | undefined): void {
    if (target === undefined) seen[status === 403 ? 'denied' : status === 401 ? 'strangers' : 'refused'] += 1;
    else {
      seen.forwarded += 1;
      if (/[?&]from=/.test(line)) seen[target.includes('from=') ? 'granted' : 'stripped'] += 1;
    }
  }
});

/** What has to stand on the wire, as its first line; undefined for nothing. */
function dueTarget(
  policy: Parameters<typeof decide>[0],
  principal: Principal,
  line: string,
): string | undefined {
  const [method = '', target = ''] = line.split(' ');
  const outcome = parseRegistryRequest(method, target);
  if (outcome.kind !== 'request' || judgeTarget(method, target) !== undefined) return undefined;
  const decision = decide(policy, principal, outcome.request, ADDRESS);
  if (!decision.allowed) return undefined;
  const request = decision.mount === 'stripped' ? withoutMount(outcome.request) : outcome.request;
  return `${method} ${request.target}`;
}
