import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileSessions, type FileSessionsOptions } from '../../../src/auth/sessions/file-sessions.ts';
import type { FileSessions } from '../../../src/auth/sessions/file-sessions.ts';
import { START, makeFolder } from '../tokens/support.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
const lastUses = new Map<string, number>();

beforeEach(async () => {
  folder = await makeFolder();
  lastUses.clear();
});

afterEach(() => folder.close());

function opened(more: Partial<FileSessionsOptions> = {}): Promise<FileSessions> {
  return openFileSessions({
    path: join(folder.path, 'sessions.json'),
    uses: {
      record: (id) => void lastUses.set(id, START + 1000 + lastUses.size),
      lastUse: (id) => lastUses.get(id),
    },
    isCurrent: () => true,
    ...more,
  });
}

const sessionOf = (nth: number) => ({
  id: `s-${nth}`,
  user: `user-${nth}`,
  hash: `hash-${nth}`,
  fingerprint: 'f',
  agent: '',
  address: '::1',
  created: new Date(START + nth).toISOString(),
});

describe('the sessions of a file', () => {
  it('are bounded over all users: the one unused for the longest makes room', async () => {
    const store = await opened({ most: 3 });
    for (const nth of [1, 2, 3]) await store.add(sessionOf(nth));
    store.touch('s-1');
    await store.add(sessionOf(4));
    expect([1, 2, 3, 4].filter((nth) => store.has(`s-${nth}`))).toEqual([1, 3, 4]);
  });

  it('are known to every process before an answer tells of them, and gone before one tells that', async () => {
    const told: string[] = [];
    const other = await opened();
    const has = async (): Promise<void> => {
      await other.reload();
      told.push((await other.find('hash-1')) === undefined ? 'gone' : 'there');
    };
    const store = await opened({ onStored: has });
    await store.add(sessionOf(1));
    await store.remove('user-1', { ids: ['s-1'] });
    expect(told).toEqual(['there', 'gone']);
  });

  it('say when each was used last, and a new one was used when it began', async () => {
    const store = await opened();
    await store.add(sessionOf(1));
    expect((await store.find('hash-1'))?.lastUsed).toBe(START + 1);
    store.touch('s-1');
    expect((await store.find('hash-1'))?.lastUsed).toBe(START + 1000);
  });
});
