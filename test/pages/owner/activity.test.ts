import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRow } from '../../../src/auth/abuse/ledger.ts';
import type { UnlockFilter } from '../../../src/auth/abuse/attempt.ts';
import { createOwnerPages, NOW, type OwnerPagesOptions } from '../../support/owner-pages.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { policyOf } from '../../auth/policy/support.ts';

let folder: Folder;

beforeAll(async () => {
  folder = await temporaryFolder('activity');
});

afterAll(() => folder.close());

const MINUTE = 60_000;
const policy = policyOf(`owners: alice
rules:
  - { who: alice, repositories: "team/**", allow: pull }
`);
let next = 0;

async function pagesOver(lines: readonly object[], more: OwnerPagesOptions = {}) {
  const auditFile = join(folder.path, `audit-${next++}.log`);
  const texts = lines.map((fields, at) => {
    const time = new Date(NOW - (lines.length - at) * MINUTE).toISOString();
    return `${JSON.stringify({ time, event: 'push', result: 'done', ...fields })}\n`;
  });
  await writeFile(auditFile, texts.join(''));
  return createOwnerPages({ user: 'alice', policy: () => policy, auditFile, ...more });
}

function plain(text: string): string {
  return text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

const EVENTS = [
  { event: 'log', result: 'opened' },
  {
    event: 'push',
    user: 'alice',
    address: '192.0.2.7',
    repository: 'team/app',
    tag: '1',
    bytes: 2_000_000,
    layers: { uploaded: 2 },
    rule: 'access.yml:7',
  },
  { event: 'pull', signedInBy: 'anonymous', repository: 'open/x', digest: `sha256:${'ab'.repeat(32)}` },
  { event: 'delete', user: 'bob', repository: 'team/old', tag: '3' },
  { event: 'login', result: 'wrong', address: '198.51.100.1', requests: 6 },
  {
    event: 'denial',
    result: 'denied',
    user: 'bob',
    repository: 'team/secret',
    action: 'push',
    reason: 'DENIED',
  },
  { event: 'token', result: 'issued', user: 'bob', signedInBy: 'password' },
  { event: 'token', result: 'made', user: 'token:ci', token: 'm-1f0c9a2b4d' },
  { event: 'token', result: 'revoked', user: 'token:ci', token: 'm-1f0c9a2b4d' },
  { event: 'reload', result: 'failed', part: 'access', reason: 'ACCESS_INVALID' },
  { event: 'owner', user: 'alice', action: 'unlock', target: 'bob' },
];

describe('the page of activity', () => {
  it.each([
    [
      '',
      [
        'Owner',
        'Not reloaded',
        'Token revoked',
        'Token made',
        'Refused',
        'Wrong password',
        'Deleted',
        'Pulled',
        'Pushed',
      ],
    ],
    ['?kind=push', ['Pushed']],
    ['?kind=pull', ['Pulled']],
    ['?kind=delete', ['Deleted']],
    ['?kind=refused', ['Refused', 'Wrong password']],
    ['?kind=sign-in', ['Wrong password']],
    ['?kind=token', ['Token revoked', 'Token made', 'Token issued']],
    ['?kind=gate', ['Owner', 'Not reloaded', 'Audit log']],
    [
      '?kind=anything',
      [
        'Owner',
        'Not reloaded',
        'Token revoked',
        'Token made',
        'Refused',
        'Wrong password',
        'Deleted',
        'Pulled',
        'Pushed',
      ],
    ],
    ['?user=bob', ['Refused', 'Deleted']],
    ['?repository=team/**', ['Refused', 'Deleted', 'Pushed']],
    ['?repository=team/app', ['Pushed']],
    ['?repository=team/app&user=bob', []],
  ])('shows with "%s" what matches, the newest first', async (query, expected) => {
    const { text } = await (await pagesOver(EVENTS)).get(`/activity${query}`);
    const log = text.slice(text.indexOf('id="since"'));
    expect([...log.matchAll(/class="badge[^"]*">([^<]*)</g)].map(([, word]) => word)).toEqual(expected);
  });

  it('says who did what to what, and links to repositories that its reader may see alone', async () => {
    const { text } = await (await pagesOver(EVENTS)).get('/activity');
    expect(plain(text)).toMatch(/Pushed alice team\/app:1 192\.0\.2\.7 2 MB · 2 uploaded · access\.yml:7/);
    expect(plain(text)).toMatch(/Pulled anonymous open\/x abababababab/);
    expect(plain(text)).toMatch(/Owner alice unlocked bob/);
    expect(plain(text)).toMatch(/Wrong password 198\.51\.100\.1 6 times/);
    expect(text).toContain('href="/r/team/app"');
    expect(text).not.toContain('href="/r/open/x"');
  });

  it.each([
    ['every user', '모든 사용자'],
    ['every token', '모든 토큰'],
    ['the scope of token:ci', 'token:ci의 범위'],
    ['access.yml:7', 'access.yml:7'],
  ])('says in Korean what allowed it: %s', async (rule, expected) => {
    const { text } = await (await pagesOver([{ user: 'alice', rule }])).get('/activity', 'ko');
    expect(plain(text)).toContain(` ${expected} `);
  });

  it('keeps to a span of time', async () => {
    const old = { time: new Date(NOW - 90 * MINUTE).toISOString(), user: 'old' };
    const pages = await pagesOver([old, { user: 'new' }]);
    const shown = plain((await pages.get('/activity?since=hour')).text);
    expect([shown.includes('new'), shown.includes('old')]).toEqual([true, false]);
  });

  it('leads from page to page, with the same choice', async () => {
    const pages = await pagesOver(
      Array.from({ length: 120 }, (_, at) => ({ user: 'bob', tag: `t${at}`, repository: 'team/app' })),
    );
    const tags: string[] = [];
    let target: string | undefined = '/activity?kind=push&user=bob';
    while (target !== undefined) {
      const { text } = await pages.get(target);
      tags.push(...[...text.matchAll(/team\/app:(t\d+)/g)].map(([, tag = '']) => tag));
      target = /href="(\/activity[^"]*before=[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(tags).toEqual(Array.from({ length: 120 }, (_, at) => `t${119 - at}`));
  });

  it('shows every text of the log as text', async () => {
    const evil = '<img src=x onerror=alert(1)>"\'&';
    const fields = [
      'user',
      'address',
      'repository',
      'tag',
      'digest',
      'action',
      'part',
      'token',
      'reason',
      'rule',
      'target',
      'event',
      'result',
    ];
    const lines = fields.map((field) => ({ event: 'push', result: 'done', [field]: evil }));
    const { text } = await (
      await pagesOver([
        ...lines,
        { layers: { [evil]: 1 } },
        { user: 'a\u202Eb', repository: 'x'.repeat(100_000) },
      ])
    ).get('/activity');
    expect(text).not.toContain('<img');
    expect(text).not.toContain('\u202E');
    expect(text.length).toBeLessThan(60_000);
  });

  it.each([
    ['there is none', undefined, 'No audit log is written'],
    ['it goes to standard output', '-', 'standard output'],
    ['it can not be read', '/nonexistent/audit.log', 'cannot be read (ENOENT)'],
  ])('says how to have an audit log where %s', async (_name, auditFile, expected) => {
    const { status, text } = await createOwnerPages({ user: 'alice', auditFile }).get('/activity');
    expect([status, plain(text)]).toEqual([200, expect.stringContaining(expected)]);
  });

  it.each([undefined, '-'])(
    'shows what is known without an audit log that it can read: %s',
    async (auditFile) => {
      const at = NOW - 5 * MINUTE;
      const pages = createOwnerPages({
        user: 'alice',
        policy: () => policy,
        auditFile,
        repositories: ['team/app', 'other/x'],
        pushed: { 'team/app': { at, by: 'bob' }, 'other/x': { at, by: 'carol' } },
        signIns: async () => [
          { kind: 'browser', user: 'bob', address: '192.0.2.7', agent: '<b>Firefox/140</b>', at },
          { kind: 'device', user: 'carol', address: '192.0.2.8', agent: 'docker', at: at - 60 * MINUTE },
        ],
      });
      const { text } = await pages.get('/activity');
      expect(plain(text)).toMatch(/Last pushes .* 5 minutes ago bob team\/app/);
      expect(plain(text)).toMatch(
        /Last sign-ins .* 5 minutes ago bob 192\.0\.2\.7 Browser Firefox 140 .* carol 192\.0\.2\.8 Device docker/,
      );
      expect(text).toContain('href="/r/team/app"');
      expect(text).not.toMatch(/other\/x|<b>Firefox/);
      expect(plain((await pages.get('/activity', 'ko')).text)).toMatch(/최근 푸시 .*최근 로그인 .*브라우저/);
    },
  );

  it('says that nothing is known where nothing is', async () => {
    const { text } = await createOwnerPages({ user: 'alice', repositories: ['a'] }).get('/activity');
    expect(plain(text)).toMatch(/No push is known\..*Nobody is signed in\./);
  });

  it.each(['x', '1-x', '-1', '1-99999999999999999999', "1-1'--"])('takes %s for no place', async (before) => {
    const pages = await pagesOver(EVENTS);
    expect((await pages.get(`/activity?before=${encodeURIComponent(before)}`)).status).toBe(200);
  });
});

describe('who is locked out', () => {
  const rows: readonly LedgerRow[] = [
    { kind: 'user-and-network', user: '=bob', network: '198.51.100.1', failures: 7, blockedMs: 41_500 },
    {
      kind: 'user-and-network',
      user: '#0123456789abcdef',
      network: '2001:db8::/64',
      failures: 2,
      blockedMs: 0,
    },
    { kind: 'tokens', user: '', network: '198.51.100.2', failures: 9, blockedMs: 1000 },
    { kind: 'user', user: '=<b>eve</b>', network: '', failures: 9, blockedMs: 1000 },
  ];

  function pagesWith(unlocked: UnlockFilter[], count = 2) {
    return createOwnerPages({
      user: 'alice',
      lockouts: {
        rows: async () => rows,
        unlock: async (filter) => {
          unlocked.push(filter);
          return count;
        },
      },
    });
  }

  it('is a table with a button for each, and names of strangers are not in it', async () => {
    const { text } = await pagesWith([]).get('/activity');
    expect(plain(text)).toMatch(
      /bob 198\.51\.100\.1 7 42 s Unlock \(unknown name\) 2001:db8::\/64 2 not locked out Unlock \(tokens\)/,
    );
    expect(text).not.toMatch(/0123456789abcdef|<b>eve/);
  });

  it.each([
    ['a user', { user: 'bob' }, { user: '=bob' }, 'bob'],
    ['a network', { network: '198.51.100.1' }, { network: '198.51.100.1' }, '198.51.100.1'],
    [
      'a network of IPv6',
      { network: '2001:db8:0:0::/64' },
      { network: '2001:db8:0:0::/64' },
      '2001:db8:0:0::/64',
    ],
  ])('ends for %s, and the audit log says who did it', async (_name, form, filter, target) => {
    const unlocked: UnlockFilter[] = [];
    const pages = pagesWith(unlocked);
    expect(await pages.post('/owner/unlock', { csrf: 'the-token', ...form })).toEqual({
      status: 303,
      text: '/activity?unlocked=2',
    });
    expect(unlocked).toEqual([filter]);
    expect(pages.acts).toEqual([{ user: 'alice', address: '192.0.2.1', action: 'unlock', target }]);
    expect(plain((await pages.get('/activity?unlocked=2')).text)).toContain('Counts forgotten: 2.');
  });

  it('is no act where nothing was counted', async () => {
    const pages = pagesWith([], 0);
    expect((await pages.post('/owner/unlock', { csrf: 'the-token', user: 'bob' })).status).toBe(303);
    expect(pages.acts).toEqual([]);
  });

  it.each([
    ['neither', {}],
    ['both', { user: 'bob', network: '192.0.2.1' }],
    ['no network', { network: 'everything' }],
  ])('never ends for all at once: %s', async (_name, form) => {
    const unlocked: UnlockFilter[] = [];
    expect((await pagesWith(unlocked).post('/owner/unlock', { csrf: 'the-token', ...form })).status).toBe(
      400,
    );
    expect(unlocked).toEqual([]);
  });

  it.each([
    ['nothing is counted', { rows: async () => [], unlock: async () => 0 }, 'nobody is locked out'],
    ['guessing is free', undefined, 'abuse.throttle is false'],
    [
      'the process that counts does not answer',
      { rows: () => Promise.reject(new Error('no reply')), unlock: async () => 0 },
      'does not answer',
    ],
  ])('is said where %s', async (_name, lockouts, expected) => {
    const { text } = await createOwnerPages({ user: 'alice', lockouts }).get('/activity');
    expect(plain(text)).toContain(expected);
  });
});
