import { describe, expect, it } from 'vitest';
import type { Ending } from '../../../src/lib/ending.ts';
import type { HealthReport } from '../../../src/pages/owner/health/report.ts';
import { judge } from '../../../src/pages/owner/health/checks.ts';
import { createOwnerPages, GOOD_HEALTH, NOW } from '../../support/owner-pages.ts';

const DAY = 86_400_000;

function ending(kind: Ending['kind'], days: number, more: Partial<Ending> = {}): Ending {
  return { kind, name: `the ${kind}`, notAfter: new Date(NOW + days * DAY), ...more };
}

const registry = GOOD_HEALTH.registry;

describe('the health of a gate', () => {
  it.each<[string, Partial<HealthReport>, readonly string[]]>([
    ['all is well', {}, []],
    [
      'the registry is not ready',
      { registry: { ...registry, unready: 'connection refused' } },
      ['bad not ready: connection refused | See the log of the gate.'],
    ],
    [
      'the registry behind is not ready',
      { registry: { ...registry, isEmbedded: false, unready: 'HTTP 503' } },
      ['bad not ready: HTTP 503 | registry-gate config check --connect'],
    ],
    [
      'pushes are refused',
      { registry: { ...registry, limitation: 'its disk is full' } },
      ['warn ready, but its disk is full | registry-gate gc --dry-run'],
    ],
    [
      'a disk is nearly full',
      { disks: [{ place: 'registry', directory: '/d', free: 9e9, size: 100e9 }] },
      ['warn 9 GB of 100 GB free (9%) | registry-gate gc --dry-run'],
    ],
    [
      'a disk is full',
      { disks: [{ place: 'state', directory: '/d', free: 1e9, size: 100e9 }] },
      [expect.stringMatching(/^bad 1 GB of 100 GB free \(1%\) \| Make room/)],
    ],
    ['a certificate has months', { endings: [ending('certificate', 61)] }, []],
    [
      'a certificate ends soon',
      { endings: [ending('certificate', 3.5)] },
      ['warn 3 days left, until 2026-11-25; renewed by hand | registry-gate certs renew'],
    ],
    [
      'the gate renews it in time',
      { endings: [ending('certificate', 25, { noticeFrom: new Date(NOW + DAY) })] },
      [],
    ],
    [
      'a certificate has ended',
      { endings: [ending('CA', -2)] },
      ['bad ended on 2026-11-20; renewed by hand | registry-gate certs status'],
    ],
    [
      'a token ends soon',
      { endings: [ending('machine token', 1.5)] },
      [expect.stringMatching(/^warn 1 day left, until 2026-11-23 \| registry-gate tokens create/)],
    ],
    ['a token has ended long ago', { endings: [ending('machine token', -60)] }, []],
    [
      'a worker does not answer',
      { workers: { expected: 4, answered: 3 } },
      [expect.stringMatching(/^warn 3 of 4 workers answer \| See the log/)],
    ],
  ])('is told with the cure where %s', (_name, change, expected) => {
    const checks = judge({ ...GOOD_HEALTH, ...change }, NOW, 'en');
    expect(
      checks
        .filter(({ level }) => level !== 'ok')
        .map(({ level, state, cure }) => `${level} ${state} | ${cure}`),
    ).toEqual(expected);
  });

  it('is told in words, and not by colour alone', async () => {
    const report = { ...GOOD_HEALTH, registry: { ...registry, unready: '<b>down</b>' } };
    const pages = createOwnerPages({ user: 'alice', health: async () => report });
    const { text } = await pages.get('/health');
    expect(text).toMatch(/<span class="badge bad">Broken<\/span>/);
    expect(text).toMatch(/<span class="badge good">Good<\/span>/);
    expect(text).toContain('not ready: &lt;b&gt;down&lt;/b&gt;');
    expect((await pages.get('/health', 'ko')).text).toMatch(/<span class="badge bad">장애<\/span>/);
  });

  it('names the transfers under way, their way and their rate', async () => {
    const transfer = {
      id: 'a-1',
      user: 'alice',
      address: '192.0.2.7',
      repository: 'team/app',
      direction: 'push',
      bytes: 5e6,
      total: 10e6,
      rate: 2e6,
    } as const;
    const stranger = {
      ...transfer,
      user: '',
      direction: 'pull',
      total: undefined,
      repository: '<i>x</i>',
    } as const;
    const report = { ...GOOD_HEALTH, transfers: [transfer, stranger], otherTransfers: 3 };
    const { text } = await createOwnerPages({ user: 'alice', health: async () => report }).get('/health');
    const plain = text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
    expect(plain).toMatch(
      /push team\/app alice 192\.0\.2\.7 5 MB of 10 MB 2 MB\/s pull &lt;i&gt;x&lt;\/i&gt; anonymous 192\.0\.2\.7 5 MB 2 MB\/s/,
    );
    expect(plain).toContain('and 3 more');
    expect(text).toContain('<progress value="5000000" max="10000000"');
  });
});
