import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePolicy, type PolicySource, type SourceText } from '../../../src/auth/policy/compile.ts';
import { createNameFilter, decide } from '../../../src/auth/policy/decide.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { OPEN_POLICY } from '../../../src/auth/policy/policy.ts';
import type { Action } from '../../../src/oci/request/parse.ts';
import { anyName, anyPattern, naiveMay, type NaiveNeed, type NaivePolicy } from './naive-evaluator.ts';
import { requestOf } from './support.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const USERS = ['a', 'b', 'ab', '.*', 'A', 'constructor', '__proto__'] as const;

const actions = fc.uniqueArray(fc.constantFrom<Action>('pull', 'push', 'delete'), { minLength: 1 });
const repositories = fc
  .tuple(
    fc.array(anyPattern, { minLength: 1, maxLength: 3 }),
    fc.array(
      anyPattern.map((it) => `!${it}`),
      { maxLength: 1 },
    ),
  )
  .map(([take, leave]) => [...take, ...leave]);
const networks = fc.option(
  fc.array(fc.constantFrom('10.1.0.0/16', '10.2.0.0/16', '192.0.2.1'), { minLength: 1, maxLength: 2 }),
  { nil: undefined },
);
const who = fc.array(
  fc.constantFrom(...USERS, 'group:g', 'group:h', 'token:t', 'token:a', 'authenticated', 'anonymous'),
  { minLength: 1, maxLength: 3 },
);
const members = fc.array(fc.constantFrom(...USERS), { minLength: 1, maxLength: 3 });

const anyPolicy: fc.Arbitrary<NaivePolicy> = fc.record({
  groups: fc.record({ g: members, h: members }),
  rules: fc.array(fc.record({ who, repositories, allow: actions, networks }), { maxLength: 8 }),
});

const anyIdentity: fc.Arbitrary<Principal> = fc.oneof(
  fc.constant<Principal>({ kind: 'anonymous' }),
  fc.constantFrom(...USERS).map((user): Principal => ({ kind: 'user', name: user })),
  fc.constantFrom('t', 'a', 'other').map((name): Principal => ({ kind: 'machine', name, scope: undefined })),
  fc
    .array(fc.record({ repositories, allow: actions }), { maxLength: 2 })
    .map((scope): Principal => ({ kind: 'machine', name: 't', scope })),
);

const anyAddress = fc.constantFrom('10.1.0.9', '10.2.3.4', '192.0.2.1', '::1', undefined);

/** method, target, and which actions allow it. */
const anyAsk = anyName.chain((name) =>
  fc
    .constantFrom<readonly [method: string, target: string, actions: readonly Action[]]>(
      ['GET', `/v2/${name}/manifests/latest`, ['pull']],
      ['HEAD', `/v2/${name}/manifests/latest`, ['pull', 'push']],
      ['HEAD', `/v2/${name}/blobs/${DIGEST}`, ['pull', 'push']],
      ['GET', `/v2/${name}/blobs/${DIGEST}`, ['pull']],
      ['GET', `/v2/${name}/tags/list`, ['pull']],
      ['HEAD', `/v2/${name}/tags/list`, ['pull']],
      ['GET', `/v2/${name}/referrers/${DIGEST}`, ['pull']],
      ['PUT', `/v2/${name}/manifests/latest`, ['push']],
      ['POST', `/v2/${name}/blobs/uploads/`, ['push']],
      ['PATCH', `/v2/${name}/blobs/uploads/u`, ['push']],
      ['GET', `/v2/${name}/blobs/uploads/u`, ['push']],
      ['DELETE', `/v2/${name}/blobs/uploads/u`, ['push']],
      ['DELETE', `/v2/${name}/manifests/latest`, ['delete']],
      ['DELETE', `/v2/${name}/blobs/${DIGEST}`, ['delete']],
    )
    .map(([method, target, actions]) => ({ method, target, actions, name })),
);

function sourceOf({ groups, rules }: NaivePolicy): PolicySource {
  const place = { path: 'p', where: 'access.yml:1' };
  const texts = (list: readonly string[]): SourceText[] => list.map((text) => ({ text, ...place }));
  return {
    groups: Object.entries(groups).map(([name, list]) => ({ name, ...place, members: texts(list) })),
    rules: rules.map((rule, at) => ({
      path: `rules[${at}]`,
      where: `access.yml:${at}`,
      who: texts(rule.who),
      repositories: texts(rule.repositories),
      allow: rule.allow,
      networks: texts(rule.networks ?? []),
    })),
    expect: [],
  };
}

/** What the decision is to be called by: the first rule that allows it by itself. */
function naiveRule(naive: NaivePolicy, principal: Principal, need: NaiveNeed): string | undefined {
  if (!naiveMay(naive, principal, need)) return undefined;
  if (principal.kind === 'machine' && principal.scope !== undefined)
    return `the scope of token:${principal.name}`;
  const first = naive.rules.findIndex((rule) => naiveMay({ ...naive, rules: [rule] }, principal, need));
  return `access.yml:${first}`;
}

describe('decide', () => {
  it('agrees with a plain evaluator, and names the first rule that allows it', () => {
    let allowed = 0;
    fc.assert(
      fc.property(anyPolicy, anyIdentity, anyAsk, anyAddress, (naive, principal, ask, address) => {
        const { policy } = compilePolicy(sourceOf(naive), {});
        const need = { actions: ask.actions, repository: ask.name, address };
        const decision = decide(policy, principal, requestOf(ask.method, ask.target), address);
        const rule = naiveRule(naive, principal, need);
        if (rule !== undefined) allowed += 1;
        expect(decision).toMatchObject(
          rule === undefined
            ? { allowed: false, because: principal.kind === 'anonymous' ? 'unknown' : 'denied' }
            : { allowed: true, rule },
        );
      }),
      { numRuns: 1500 },
    );
    // Neither evaluator says no to everything.
    expect(allowed).toBeGreaterThan(100);
  });

  it('grants a mount where both would, and never refuses for its sake', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyPolicy, anyIdentity, anyName, anyName, (naive, principal, name, from) => {
        const { policy } = compilePolicy(sourceOf(naive), {});
        const plain = decide(policy, principal, requestOf('POST', `/v2/${name}/blobs/uploads/`), undefined);
        const target = `/v2/${name}/blobs/uploads/?mount=${DIGEST}&from=${from}`;
        const decision = decide(policy, principal, requestOf('POST', target), undefined);
        const mayRead = naiveMay(naive, principal, {
          actions: ['pull'],
          repository: from,
          address: undefined,
        });
        const mount = mayRead ? 'granted' : 'stripped';
        if (plain.allowed) seen.add(mount);
        expect(decision).toMatchObject(plain.allowed ? { allowed: true, mount } : plain);
      }),
      { numRuns: 1000 },
    );
    expect(seen).toEqual(new Set(['granted', 'stripped']));
  });

  it('shows in the catalog what may be pulled', () => {
    fc.assert(
      fc.property(anyPolicy, anyIdentity, anyName, (naive, principal, name) => {
        const { policy } = compilePolicy(sourceOf(naive), {});
        const isVisible = createNameFilter(policy, principal, '10.1.0.9');
        const need = { actions: ['pull'] as const, repository: name, address: '10.1.0.9' };
        expect(isVisible?.(name)).toBe(naiveMay(naive, principal, need));
      }),
    );
  });

  it('never warns of a rule as idle that matters', () => {
    let idle = 0;
    fc.assert(
      fc.property(anyPolicy, anyIdentity, anyAsk, anyAddress, (naive, principal, ask, address) => {
        const { warnings } = compilePolicy(sourceOf(naive), {});
        const paths = warnings
          .filter(({ reason }) => reason.startsWith('adds nothing'))
          .map(({ path }) => path);
        idle += paths.length;
        const rules = naive.rules.filter((_, at) => !paths.includes(`rules[${at}]`));
        const need = { actions: ask.actions, repository: ask.name, address };
        expect(naiveMay({ ...naive, rules }, principal, need)).toBe(naiveMay(naive, principal, need));
      }),
      { numRuns: 1000 },
    );
    expect(idle).toBeGreaterThan(5);
  });

  it('without an access file: everything to who has signed in, to a token its scope', () => {
    fc.assert(
      fc.property(anyIdentity, anyAsk, (principal, ask) => {
        const { allowed } = decide(OPEN_POLICY, principal, requestOf(ask.method, ask.target), undefined);
        const everything = {
          who: ['authenticated'],
          repositories: ['**'],
          allow: ['pull', 'push', 'delete'] as const,
        };
        const need = { actions: ask.actions, repository: ask.name, address: undefined };
        expect(allowed).toBe(naiveMay({ groups: {}, rules: [everything] }, principal, need));
      }),
    );
  });
});
