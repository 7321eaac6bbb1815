import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FIXTURE_RULE, PASSWORD, as, useRights, writeUsers } from './rights-fixture.ts';
import { TEST_USER, basic } from '../support/test-gate.ts';

const D = `sha256:${'f'.repeat(64)}`;
const SESSION = '/v2/team/app/blobs/uploads/0b6bd8c8-2f1f-4a6c-9d1c-3f6f1c1d2e3f';
const rules = (allow: string, networks = '127.0.0.0/8'): string => `rules:
  - ${FIXTURE_RULE}
  - { who: [bob, 'token:ci'], repositories: 'team/**', allow: [${allow}], networks: ['${networks}'] }
`;
const BODY = { fields: ['Content-Type: application/octet-stream'], body: 'layer' };
const STEPS = [
  'POST /v2/team/app/blobs/uploads/',
  `PATCH ${SESSION}?_state=Zm9v`,
  `GET ${SESSION}?_state=Zm9v`,
  `PUT ${SESSION}?digest=${D}&_state=Zm9v`,
  'PUT /v2/team/app/manifests/latest',
] as const;

describe('an upload session', () => {
  const fixture = useRights({
    rules: rules('pull, push'),
    users: ['bob'],
    machines: [{ id: 'm-1', name: 'ci' }],
  });
  const means = {
    'a password': async () => as('bob'),
    'an access token': () => fixture().bearer(as('bob')),
    'the secret of a machine': async () => basic('ci', fixture().secrets[0] ?? ''),
    'the token of a machine': () => fixture().bearer(basic('ci', fixture().secrets[0] ?? '')),
  } satisfies Readonly<Record<string, () => Promise<string>>>;

  beforeEach(async () => {
    const { folder, enforce, seen } = fixture();
    await writeUsers(folder, [TEST_USER, 'bob']);
    await enforce(rules('pull, push'));
    await seen();
  });

  async function step(line: string, authorization: string): Promise<number> {
    return (await fixture().ask(line, authorization, line.startsWith('P') ? BODY : {})).status;
  }

  it.each(Object.entries(means))(
    'by %s: ends with the right, whatever comes next',
    async (_name, credentials) => {
      const authorization = await credentials();
      for (const line of STEPS) expect([line, await step(line, authorization)]).toEqual([line, 200]);
      expect(await fixture().seen()).toHaveLength(STEPS.length);
      for (const lost of [rules('pull'), rules('pull, push', '192.0.2.0/24')]) {
        await fixture().enforce(lost);
        for (const line of STEPS) expect([line, await step(line, authorization)]).toEqual([line, 403]);
        expect(await fixture().seen()).toEqual([]);
      }
      await fixture().enforce(rules('push'));
      expect(await step(STEPS[3], authorization)).toBe(200);
      expect(await fixture().seen()).toHaveLength(1);
    },
  );

  it('goes on with the rules before where the new ones are no rules', async () => {
    for (const broken of [
      '',
      '{}',
      'rules: []',
      'rules: 7',
      rules('pul'),
      `${rules('pull')}expect: [bob may push team/app]\n`,
    ]) {
      await expect(fixture().enforce(broken)).rejects.toThrow('access rules not reloaded');
      expect(await step(STEPS[1], as('bob'))).toBe(200);
    }
    expect(await step('DELETE /v2/team/app/manifests/latest', as('bob'))).toBe(403);
  });

  it('ends with its user, and with the password', async () => {
    const authorizations = [as('bob'), await fixture().bearer(as('bob'))];
    const { folder, gate } = fixture();
    await writeUsers(folder, [TEST_USER]);
    await gate.gate.reload();
    for (const authorization of authorizations)
      for (const line of STEPS) expect(await step(line, authorization)).toBe(401);
    expect(await fixture().seen()).toEqual([]);
    await writeUsers(folder, [TEST_USER, 'bob']);
    await gate.gate.reload();
    const [password = '', token = ''] = authorizations;
    // The same password under another salt is another credential: its tokens end.
    expect([await step(STEPS[1], password), await step(STEPS[1], token)]).toEqual([200, 401]);
  });

  it('ends with the token of its machine', async () => {
    const { folder, gate, secrets } = fixture();
    const authorizations = [
      basic('ci', secrets[0] ?? ''),
      await fixture().bearer(basic('ci', secrets[0] ?? '')),
    ];
    for (const authorization of authorizations) expect(await step(STEPS[1], authorization)).toBe(200);
    const path = join(folder, 'tokens.json');
    const before = await readFile(path);
    await writeFile(path, '{"version":1,"tokens":[]}');
    await gate.gate.reload();
    await fixture().seen();
    for (const authorization of authorizations) expect(await step(STEPS[1], authorization)).toBe(401);
    expect(await fixture().seen()).toEqual([]);
    await writeFile(path, before);
    await gate.gate.reload();
  });

  it('is judged anew at each request of one connection, for whoever asks then', async () => {
    const line = (target: string, authorization: string): string =>
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${authorization === '' ? '' : `Authorization: ${authorization}\r\n`}\r\n`;
    const bytes = [
      line('/v2/team/app/tags/list', as('bob')),
      line('/v2/team/app/tags/list', ''),
      line('/v2/team/app/tags/list', as(TEST_USER)),
      line('/v2/team/app/tags/list', basic('bob', `${PASSWORD}x`)),
      line('/v2/team/app/tags/list', as('bob')),
    ].join('');
    const { answers } = await fixture().send(bytes, { answers: 5 });
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 403, 401, 200]);
    expect(await fixture().seen()).toHaveLength(2);
  });
});
