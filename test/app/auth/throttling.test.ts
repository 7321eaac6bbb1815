import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Attempt } from '../../../src/auth/abuse/attempt.ts';
import type { UserDirectory } from '../../../src/auth/directory.ts';
import { schema } from '../../../src/config/schema/schema.ts';
import { countForWorkers, openGuard, openThrottling } from '../../../src/app/auth/throttling.ts';
import type { Throttling } from '../../../src/app/auth/throttling.ts';
import { createLocalBus } from '../../../src/cluster/local-bus.ts';
import { recordingLogger } from '../../auth/abuse/support.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

const DAY = 86_400_000;
const DIRECTORY: UserDirectory = {
  authenticate: async () => ({ kind: 'rejected' }),
  credentialVersion: () => undefined,
  groups: () => [],
};

let folder: Folder;
let throttling: Throttling;

beforeEach(async () => {
  folder = await temporaryFolder('throttling');
  const opened = await openThrottling(config(), recordingLogger());
  if (opened === undefined) throw new Error('it is switched off');
  throttling = opened;
});

afterEach(async () => {
  vi.useRealTimers();
  await throttling.close();
  await folder.close();
});

function config(abuse: object = {}) {
  return { ...schema.parse({ abuse: { wrongPasswords: 3, ...abuse } }), state: folder.path };
}

const guess = (nth: number): Attempt => ({ user: '=alice', network: '192.0.2.1', id: `guess ${nth}` });

async function fail(nth: number): Promise<string> {
  const { throttle } = throttling;
  const admission = await throttle.begin(guess(nth));
  if (admission.kind === 'admitted') await throttle.end(guess(nth), admission.ticket, 'wrong');
  return admission.kind;
}

describe('throttling', () => {
  it.each([
    ['forward', DAY],
    ['back', -DAY],
  ])('R152: does not care about a clock that jumps a day %s', async (_name, jump) => {
    for (const nth of [1, 2, 3]) expect(await fail(nth)).toBe('admitted');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + jump });
    expect(await fail(4)).toBe('blocked');
    const admission = await throttling.throttle.begin(guess(5));
    expect(admission).toMatchObject({ kind: 'blocked', waitMs: expect.closeTo(30_000, -4) });
    expect((await throttling.throttle.rows(9)).find(({ kind }) => kind === 'user-and-network')).toMatchObject(
      {
        failures: 3,
      },
    );
  });

  it('is not there where it is switched off', async () => {
    const off = config({ throttle: false });
    expect(await openThrottling(off, recordingLogger())).toBeUndefined();
    const cluster = { bus: createLocalBus().bus, secrets: undefined };
    const open = await openGuard({ config: off, cluster, logger: recordingLogger(), directory: DIRECTORY });
    expect([open.guard, open.lockouts]).toEqual([undefined, undefined]);
  });
});

describe('the guard of a worker', () => {
  const secrets = { seed: new Uint8Array(32), spareKeys: { version: 1, keys: [] } as never };
  const sent = { user: 'alice', password: { reveal: () => 'x' }, address: '192.0.2.1' };

  it('asks the primary', async () => {
    const { bus, broker } = createLocalBus();
    countForWorkers(broker, throttling);
    const open = await openGuard({
      config: config(),
      cluster: { bus, secrets },
      logger: recordingLogger(),
      directory: DIRECTORY,
    });
    const tries = async (password: string): Promise<string | undefined> => {
      const attempt = { ...sent, password: { reveal: () => password } };
      return (await open.guard?.password(attempt as never, async () => ({ kind: 'rejected' })))?.kind;
    };
    expect([
      await tries('1'),
      await tries('1'),
      await tries('2'),
      await tries('3'),
      await tries('4'),
    ]).toEqual(['rejected', 'rejected', 'rejected', 'rejected', 'throttled']);
    expect((await throttling.throttle.rows(9)).map(({ user }) => user.slice(0, 1)).toSorted()).toEqual([
      '',
      '#',
      '#',
    ]);
  });

  it('lets an owner see at any worker what the primary counts, and forget it', async () => {
    const { bus, broker } = createLocalBus();
    countForWorkers(broker, throttling);
    const { lockouts } = await openGuard({
      config: config(),
      cluster: { bus, secrets },
      logger: recordingLogger(),
      directory: DIRECTORY,
    });
    for (const nth of [1, 2, 3]) await fail(nth);
    expect((await lockouts?.rows(1))?.map(({ user, failures }) => [user, failures])).toEqual([['=alice', 3]]);
    expect(await fail(4)).toBe('blocked');
    expect(await lockouts?.unlock({ user: '=alice' })).toBe(2);
    expect(await fail(5)).toBe('admitted');
  });

  it('checks nothing where the primary has no answer: the client comes back', async () => {
    const { bus } = createLocalBus();
    const open = await openGuard({
      config: config(),
      cluster: { bus, secrets },
      logger: recordingLogger(),
      directory: DIRECTORY,
    });
    const check = vi.fn();
    expect(await open.guard?.password(sent as never, check)).toEqual({ kind: 'busy' });
    expect(check).not.toHaveBeenCalled();
  });
});
