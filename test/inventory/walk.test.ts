import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openToWrite, type OpenedFile } from '../../src/inventory/database/open.ts';
import { Loop } from '../../src/inventory/follow/loop.ts';
import { readRepositories } from '../../src/inventory/read/repositories.ts';
import { readStatus } from '../../src/inventory/read/status.ts';
import { applyEvent } from '../../src/inventory/write/events.ts';
import type { Registry, Repository } from '../../src/images/store.ts';
import { AppError } from '../../src/lib/errors.ts';
import { memoryRepository, type MemoryRepository } from '../support/memory-registry.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';

const NAMES = Array.from({ length: 21 }, (_none, at) => `team/app-${String(at).padStart(2, '0')}`);
/** So much of the usual pauses: a second is a millisecond. */
const PAUSES = 0.001;

let folder: Folder;
let file: OpenedFile;
beforeEach(async () => {
  folder = await temporaryFolder('walk');
  file = await openToWrite({ path: join(folder.path, 'inventory.db'), backend: 'x' });
});
afterEach(async () => {
  file.database.close();
  await folder.close();
});

/** A registry of these repositories, each with three tags, which tells what it was asked. */
class WalkedRegistry {
  readonly asked: string[] = [];
  readonly repositories = new Map<string, MemoryRepository>();
  /** How many questions were under way at once. */
  mostAtOnce = 0;
  #now = 0;
  /** Throws where a question is to fail. */
  onAsk: (question: string) => void = () => undefined;

  add(name: string): void {
    const repository = memoryRepository(name);
    for (const tag of ['1', '2', '3']) repository.putImage({ layers: [`${name} ${tag}`], tags: [tag] });
    this.repositories.set(name, repository);
  }

  open(): Registry {
    const names = async function* (this: WalkedRegistry): AsyncIterable<string> {
      await this.#ask('catalog');
      yield* this.repositories.keys();
    }.bind(this);
    return {
      name: 'registry',
      repository: (name) => this.#repository(name),
      listRepositories: names,
      signIn: async () => undefined,
      close: async () => undefined,
    };
  }

  #repository(name: string): Repository {
    const repository = this.repositories.get(name) ?? memoryRepository(name);
    const listTags = async function* (this: WalkedRegistry): AsyncIterable<string> {
      await this.#ask(`tags ${name}`);
      yield* repository.listTags();
    }.bind(this);
    return {
      ...repository,
      listTags,
      readManifest: async (reference) => {
        await this.#ask(`manifest ${name} ${reference.slice(0, 12)}`);
        return repository.readManifest(reference);
      },
    };
  }

  async #ask(question: string): Promise<void> {
    this.asked.push(question);
    this.#now += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#now);
    await new Promise((resolve) => void setImmediate(resolve));
    this.#now -= 1;
    this.onAsk(question);
  }
}

function unreachable(): AppError {
  return new AppError('REGISTRY_UNREACHABLE', { message: 'It does not answer.', hint: 'Wait.' });
}

function complete(): number {
  const query = { sort: 'name', descending: false, deep: true, limit: 100, isFiltered: false } as const;
  return readRepositories(file.database, query).rows.filter((row) => row.complete && row.tags === 3).length;
}

const state = (): string => readStatus(file.database).state;

/** Runs a loop until what is expected holds. */
async function running(registry: WalkedRegistry, work: (loop: Loop) => Promise<void>): Promise<void> {
  const loop = new Loop({
    follower: {
      registry: registry.open(),
      database: () => file.database,
      now: () => Date.now(),
      isFull: () => false,
    },
    pauses: PAUSES,
    onFailure: async () => undefined,
  });
  const run = loop.run();
  try {
    await work(loop);
  } finally {
    loop.stop();
    await run;
  }
}

describe('the first walk', () => {
  it('lists all tags before it reads what they are, and asks one question at a time', async () => {
    const registry = new WalkedRegistry();
    for (const name of NAMES) registry.add(name);
    await running(registry, async () => {
      await expect.poll(() => [complete(), state()]).toEqual([21, 'current']);
    });
    const lists = registry.asked.flatMap((it, at) => (it.startsWith('tags ') ? [at] : []));
    const reads = registry.asked.findIndex((it) => it.startsWith('manifest '));
    expect([lists.length, Math.max(...lists)]).toEqual([21, reads - 1]);
    expect(registry.mostAtOnce).toBe(1);
  });

  it('reads what is pushed meanwhile before it goes on', async () => {
    const registry = new WalkedRegistry();
    for (const name of NAMES) registry.add(name);
    await running(registry, async (loop) => {
      registry.onAsk = (question) => {
        if (question !== 'tags team/app-03') return;
        const event = { kind: 'pushed', repository: 'team/app-20', reference: '2', at: Date.now() } as const;
        applyEvent(file.database, event);
        loop.wake(true);
      };
      await expect.poll(complete).toBe(21);
    });
    const [list, read] = ['tags team/app-04', 'manifest team/app-20 2'].map((it) =>
      registry.asked.indexOf(it),
    );
    expect(read).toBeLessThan(list ?? 0);
  });

  it('finds everything in a registry that fails every second time at first', async () => {
    const registry = new WalkedRegistry();
    for (const name of NAMES) registry.add(name);
    let asked = 0;
    const failed = new Set<string>();
    registry.onAsk = (question) => {
      asked += 1;
      // What is asked when depends on the clock: no question fails twice.
      if (asked % 2 === 0 || failed.has(question)) return;
      failed.add(question);
      throw unreachable();
    };
    await running(registry, async () => {
      await expect.poll(() => [complete(), state()]).toEqual([21, 'current']);
    });
    expect(readStatus(file.database).problem).toBeUndefined();
  });

  it('is not held up by a repository that always fails, and says that it is left', async () => {
    const registry = new WalkedRegistry();
    for (const name of NAMES) registry.add(name);
    registry.onAsk = (question) => {
      if (question === 'tags team/app-00') throw unreachable();
    };
    await running(registry, async () => {
      await expect.poll(() => [complete(), state()]).toEqual([20, 'current']);
    });
    expect(readStatus(file.database).problem).toBe('1 repository could not be read');
  });
});

describe('a look at the catalog', () => {
  it('finds what is new and what is gone since the walk, when somebody looks', async () => {
    const registry = new WalkedRegistry();
    registry.add(NAMES[0] ?? '');
    await running(registry, async (loop) => {
      await expect.poll(() => [complete(), state()]).toEqual([1, 'current']);
      const { walkedAt } = readStatus(file.database);
      for (const name of NAMES) registry.add(name);
      registry.asked.length = 0;
      await expect
        .poll(() => {
          loop.want();
          return complete();
        })
        .toBe(21);
      // Of what was known nothing was asked again.
      expect(registry.asked).not.toContain('tags team/app-00');
      registry.repositories.delete(NAMES[7] ?? '');
      await expect
        .poll(() => {
          loop.want();
          return readStatus(file.database).repositories;
        })
        .toBe(20);
      expect(readStatus(file.database).walkedAt).toEqual(walkedAt);
    });
  });
});
