import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MachineToken } from '../../src/auth/tokens/store/machine-token.ts';
import { basic } from '../support/test-gate.ts';
import { FIXTURE_RULE, as, useRights } from './rights-fixture.ts';

/** Users and machines of one name, and names that mean something to the rules or to objects. */
const USERS = ['bob', 'twin', 'anonymous', 'authenticated', 'token', '__proto__', 'constructor'];
const MACHINES = ['ci', 'twin', 'anonymous', 'authenticated', '__proto__', 'group'];
const rules = (...more: readonly string[]): string => `groups:
  team: [bob]
rules:
  - ${FIXTURE_RULE}
  - { who: [bob, 'token:ci'], repositories: 'team/**', allow: [pull, push] }
  - { who: twin, repositories: 'of-user/**', allow: pull }
  - { who: 'token:twin', repositories: 'of-machine/**', allow: pull }
  - { who: 'group:team', repositories: 'of-group/**', allow: pull }
  - { who: authenticated, repositories: 'shared/**', allow: pull }
  - { who: authenticated, repositories: '\${user}/**', allow: [pull, push] }
${more.map((line) => `  - ${line}\n`).join('')}`;
const OPEN = "{ who: anonymous, repositories: 'public/**', allow: pull }";

describe('a token that was given out', () => {
  const fixture = useRights({
    rules: rules(OPEN),
    users: USERS,
    machines: MACHINES.map((name, at) => ({ id: `m-${at}`, name })),
  });
  let machines: readonly MachineToken[];

  beforeEach(async () => {
    const { folder, seen, enforce } = fixture();
    machines ??= JSON.parse(await readFile(join(folder, 'tokens.json'), 'utf8')).tokens;
    await keep(machines);
    await enforce(rules(OPEN));
    await seen();
  });

  async function keep(tokens: readonly MachineToken[]): Promise<void> {
    const { folder, gate } = fixture();
    await writeFile(join(folder, 'next.json'), JSON.stringify({ version: 1, tokens }), { mode: 0o600 });
    await rename(join(folder, 'next.json'), join(folder, 'tokens.json'));
    await gate.gate.reload();
  }
  const machine = (name: string): string => basic(name, fixture().secrets[MACHINES.indexOf(name)] ?? '');
  const pull = async (name: string, authorization: string): Promise<number> =>
    (await fixture().ask(`GET /v2/${name}/tags/list`, authorization)).status;

  it('of nobody ends with the last rule for nobody, and begins again with the next', async () => {
    const nobody = await fixture().bearer(undefined);
    expect(await pull('public/a', nobody)).toBe(200);
    await fixture().enforce(rules());
    await fixture().seen();
    const answer = await fixture().ask('GET /v2/public/a/tags/list', nobody);
    expect([answer.status, answer.header('www-authenticate')]).toEqual([
      401,
      'Basic realm="Registry", charset="UTF-8"',
    ]);
    expect((await fixture().ask('GET /v2/', nobody)).status).toBe(401);
    expect((await fixture().ask('GET /token?scope=repository:public/a:pull')).status).toBe(401);
    expect(await fixture().seen()).toEqual([]);
  });

  it.each<readonly [string, Partial<MachineToken> | undefined, number]>([
    ['is revoked', undefined, 401],
    ['is over', { expires: new Date(Date.now() - 1000).toISOString() }, 401],
    ['is for other networks', { networks: ['192.0.2.0/24'] }, 401],
    ['is for networks that are none', { networks: ['127.0.0.0/33', 'x'] }, 401],
    ['is for another secret', { hash: 'x' }, 401],
    ['has another name', { name: 'other' }, 401],
    ['has another id', { id: 'm-77' }, 401],
    ['has a scope', { scope: [{ repositories: ['other'], allow: ['pull'] }] }, 403],
    ['has an empty scope', { scope: [] }, 403],
    [
      'has a scope that can not be read',
      { scope: [{ repositories: ['team/**', '!{'], allow: ['pull'] }] },
      403,
    ],
    ['may come from here', { networks: ['127.0.0.0/8', '192.0.2.1'] }, 200],
    ['may come from this IPv4 address alone', { networks: ['127.0.0.1'] }, 200],
    ['may come from IPv6 alone', { networks: ['::/0'] }, 401],
  ])('is asked about again where its machine %s', async (_name, change, status) => {
    const token = await fixture().bearer(machine('ci'));
    expect(await pull('team/app', token)).toBe(200);
    const changed = machines.flatMap((it) => {
      if (it.name !== 'ci') return [it];
      return change === undefined ? [] : [{ ...it, ...change }];
    });
    await keep(changed);
    await fixture().seen();
    expect(await pull('team/app', token)).toBe(status);
    expect(await fixture().seen()).toHaveLength(status === 200 ? 1 : 0);
  });

  it('is void at once where the keys are taken away', async () => {
    const [bob, ci, nobody] = [
      await fixture().bearer(as('bob')),
      await fixture().bearer(machine('ci')),
      await fixture().bearer(undefined),
    ];
    await rm(join(fixture().folder, 'token-keys.json'));
    await fixture().gate.gate.reload();
    await fixture().seen();
    for (const token of [bob, ci, nobody]) expect(await pull('public/a', token)).toBe(401);
    expect(await fixture().seen()).toEqual([]);
    expect(await pull('team/app', await fixture().bearer(as('bob')))).toBe(200);
  });

  it('is that of a machine or that of a user of the same name, never both', async () => {
    const [user, token] = [await fixture().bearer(as('twin')), await fixture().bearer(machine('twin'))];
    const rights: Record<string, readonly number[]> = {};
    for (const name of ['of-user/a', 'of-machine/a', 'of-group/a', 'shared/a', 'twin/a', 'team/a']) {
      const statuses = [];
      for (const authorization of [as('twin'), user, machine('twin'), token])
        statuses.push(await pull(name, authorization));
      rights[name] = statuses;
    }
    expect(rights).toEqual({
      'of-user/a': [200, 200, 403, 403],
      'of-machine/a': [403, 403, 200, 200],
      'of-group/a': [403, 403, 403, 403],
      'shared/a': [200, 200, 200, 200],
      // A machine is no user, and has no corner of its own.
      'twin/a': [200, 200, 403, 403],
      'team/a': [403, 403, 403, 403],
    });
  });

  it.each([
    ...USERS.slice(2).map((name) => [name, as] as const),
    ...MACHINES.slice(2).map((name) => [name, machine] as const),
  ])('of %s has the rights of anybody who signed in, and no other', async (name, credentials) => {
    const authorization = await fixture().bearer(credentials(name));
    const statuses = [];
    for (const repository of ['shared/a', 'public/a', 'team/a', 'of-user/a', 'of-machine/a', 'of-group/a'])
      statuses.push(await pull(repository, authorization));
    expect(statuses).toEqual([200, 200, 403, 403, 403, 403]);
  });
});
