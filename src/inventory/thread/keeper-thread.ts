import { workerData } from 'node:worker_threads';
import { openRegistry } from '../../images/client/open-registry.ts';
import { systemCode } from '../../lib/errors.ts';
import { Secret } from '../../lib/secret.ts';
import { isDamage } from '../database/database.ts';
import { isWhole, makeAnew, openToWrite, removeStale } from '../database/open.ts';
import { MOST_BYTES } from '../database/schema.ts';
import type { Follower } from '../follow/follower.ts';
import { Loop } from '../follow/loop.ts';
import { Refresher, type RefreshRequest } from '../follow/refresh.ts';
import type { Notice } from '../inventory.ts';
import { bytesOf } from '../read/status.ts';
import { applyEvent } from '../write/events.ts';
import { endCalls, sendReport, serveCalls } from '../../lib/threads/serve.ts';

/** What the thread is started with. */
export interface KeeperData {
  readonly path: string;
  /** Which registry it is about. */
  readonly backend: string;
  /** How the registry is reached. */
  readonly door: {
    readonly name: string;
    readonly socketPath: string;
    readonly user: string;
    readonly password: string;
  };
  /** A factor for all pauses between requests. */
  readonly pauses: number;
}

/** The functions of the thread. */
export interface KeeperCalls {
  readonly note: (notices: readonly Notice[]) => void;
  readonly refresh: (request: RefreshRequest) => Promise<void>;
  readonly close: () => Promise<void>;
  readonly [name: string]: (value: never) => unknown;
}

/** The walk is in no hurry, and tries again by itself. */
const PAUSES = { attempts: 1 } as const;
const TIMES = { connect: 5000, head: 60_000 } as const;

/** The first failures may pass; what lasts is said, and then again as the pauses grow: after 15 seconds, and 4 minutes. */
const REPORTED: readonly [number, number] = [5, 9];

const { path, backend, door, pauses }: KeeperData = workerData;

const registry = openRegistry({
  name: door.name,
  isPlain: true,
  socketPath: door.socketPath,
  credential: async () => ({ kind: 'password', user: door.user, password: new Secret(door.password) }),
  pauses: PAUSES,
  times: TIMES,
});

let file = await openToWrite({ path, backend });
removeStale(path, Date.now());

const follower: Follower = {
  registry,
  database: () => file.database,
  now: () => Date.now(),
  isFull: () => bytesOf(file.database) >= MOST_BYTES,
};
const refresher = new Refresher(follower);
const loop = new Loop({ follower, pauses, onFailure });

async function onFailure(error: unknown, count: number): Promise<void> {
  if (!file.isCurrent()) {
    file.database.close();
    file = await openToWrite({ path, backend });
    return;
  }
  if (isDamage(error)) {
    await rebuild();
    return;
  }
  const reason = error instanceof Error ? (systemCode(error) ?? error.message) : String(error);
  if (REPORTED.includes(count))
    sendReport({ level: 'warn', fields: { reason }, message: 'the inventory waits for the registry' });
}

async function rebuild(): Promise<void> {
  file.database.close();
  file = await makeAnew({ path, backend });
  sendReport({ level: 'warn', fields: { path }, message: 'the inventory was damaged: it is made anew' });
  loop.wake();
}

async function note(notices: readonly Notice[]): Promise<void> {
  if (!file.isCurrent() || (notices.some(({ kind }) => kind === 'damaged') && !isWhole(file.database)))
    await rebuild();
  const { database } = file;
  database.transaction(() => {
    for (const notice of notices) if ('repository' in notice) applyEvent(database, notice);
  });
  if (notices.some(({ kind }) => kind === 'wanted')) loop.want();
  loop.wake(notices.some(({ kind }) => kind === 'pushed'));
}

async function close(): Promise<void> {
  loop.stop();
  await registry.close();
  await running.catch(() => undefined);
  file.database.close();
  endCalls();
}

const calls: KeeperCalls = {
  note: (notices) => void note(notices).catch((error: unknown) => void onFailure(error, REPORTED[0])),
  refresh: (request) => refresher.refresh(request),
  close,
};

const running = loop.run();
serveCalls(calls);
