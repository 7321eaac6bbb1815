import { kill } from 'node:process';
import { afterEach, expect, it } from 'vitest';
import { MemoryLedger } from '../../../src/auth/abuse/memory-ledger.ts';
import { openRedisLedger, type RedisLedger } from '../../../src/auth/abuse/redis-ledger.ts';
import type { CountKey, CountRule } from '../../../src/auth/abuse/ledger.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { until } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { REDIS_PASSWORD, freePort, recordingLogger, startRedis, urlOf } from './support.ts';
import type { RecordingLogger, Redis } from './support.ts';

const PLACE: CountKey = { kind: 'network', network: '192.0.2.1', user: '' };
const RULE: CountRule = { limit: 3, blockMs: () => 60_000, enforced: true };

describeWith(['redis-server'], 'a Redis that is not there', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function start(port: number): Promise<Redis> {
    const redis = await startRedis(port);
    closing.push(() => redis.close());
    return redis;
  }

  async function open(port: number): Promise<{ ledger: RedisLedger; logger: RecordingLogger }> {
    const now = (): number => performance.now();
    const meanwhile = new MemoryLedger({ now, windowMs: 60_000 });
    const logger = recordingLogger();
    const url = new Secret(urlOf(port));
    const ledger = await openRedisLedger({
      url,
      windowMs: 60_000,
      longestBlockMs: 900_000,
      fallback: meanwhile,
      logger,
      now,
    });
    closing.push(() => ledger.close());
    return { ledger, logger };
  }

  const taken = async (ledger: RedisLedger): Promise<string> => {
    const outcome = await ledger.count(PLACE, RULE);
    return outcome.ok ? `${outcome.count}` : 'blocked';
  };
  const isBack = ({ lines }: RecordingLogger): true | undefined =>
    lines.some((line) => line.startsWith('info Redis is back')) ? true : undefined;

  it('at the start: counts by itself, says so once, and goes over when it comes', async () => {
    const port = await freePort();
    const { ledger, logger } = await open(port);
    expect([await taken(ledger), await taken(ledger), await taken(ledger), await taken(ledger)]).toEqual([
      '1',
      '2',
      '3',
      'blocked',
    ]);
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/^warn Redis can not be reached/);
    await start(port);
    await until(
      async () => {
        await ledger.rows(1);
        return isBack(logger);
      },
      () => `never back: ${logger.lines.join('\n')}`,
    );
    expect(await taken(ledger)).toBe('1');
    expect(logger.lines.join('\n')).not.toContain(REDIS_PASSWORD);
  });

  it('any more: neither open nor closed to all', async () => {
    const port = await freePort();
    const redis = await start(port);
    const { ledger, logger } = await open(port);
    expect([await taken(ledger), await taken(ledger), await taken(ledger)]).toEqual(['1', '2', '3']);
    await redis.close();
    expect([await taken(ledger), await taken(ledger), await taken(ledger), await taken(ledger)]).toEqual([
      '1',
      '2',
      '3',
      'blocked',
    ]);
    expect(logger.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('but silent: is waited for a short while, and once', async () => {
    const port = await freePort();
    const redis = await start(port);
    const { ledger, logger } = await open(port);
    expect(await taken(ledger)).toBe('1');
    kill(redis.pid, 'SIGSTOP');
    try {
      expect([await taken(ledger), await taken(ledger), await taken(ledger), await taken(ledger)]).toEqual([
        '1',
        '2',
        '3',
        'blocked',
      ]);
      expect(logger.lines).toHaveLength(1);
    } finally {
      kill(redis.pid, 'SIGCONT');
    }
  });

  it('shared by two gates: what one has counted is counted by the other', async () => {
    const port = await freePort();
    await start(port);
    const [one, other] = [await open(port), await open(port)];
    expect([await taken(one.ledger), await taken(other.ledger), await taken(one.ledger)]).toEqual([
      '1',
      '2',
      '3',
    ]);
    expect(await taken(other.ledger)).toBe('blocked');
    expect(await other.ledger.removeWhere(() => true)).toBe(1);
    expect(await taken(one.ledger)).toBe('1');
  });
});
