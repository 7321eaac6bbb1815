import { join } from 'node:path';
import type { InnerRegistry } from '../../src/app/pages/inner-registry.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { startKeeper } from '../../src/inventory/open/keeper.ts';
import { openInventory } from '../../src/inventory/open/open-inventory.ts';
import type { Registry } from '../../src/images/store.ts';
import { openInner, type InnerConfig } from './inner-registry.ts';

export interface TestInventory {
  /** Another one after `restart`. */
  inventory: Inventory;
  /** The registry that it is about, which is written to without the inventory being told. */
  readonly registry: Registry;
  readonly path: string;
  /** What was logged. */
  readonly log: readonly string[];
  /** Ends the inventory and begins it again, on the same file, after something was done to that. */
  restart(between?: (path: string) => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** The inventory of one process, without pauses between requests. */
export async function openTestInventory(config: InnerConfig, state: string): Promise<TestInventory> {
  const inner = await openInner(config, state);
  return begin(inner, state, JSON.stringify(config.backend));
}

function begin(inner: InnerRegistry, state: string, backend: string): TestInventory {
  const log: string[] = [];
  const note = (_fields: object, message: string): void => void log.push(message);
  const logger = { debug: note, info: note, warn: note, error: note };
  const path = join(state, 'inventory.db');
  const { name, socketPath, user, password } = inner.door;
  const door = { name, socketPath, user, password: password.reveal() };
  const start = () => {
    const keeper = startKeeper({ path, backend, door, logger, pauses: 0, delayMs: 0 });
    return { keeper, inventory: openInventory({ path, keeper, logger }) };
  };
  let running = start();
  const end = async (): Promise<void> => {
    await running.inventory.close();
    await running.keeper.close();
  };
  const test: TestInventory = {
    inventory: running.inventory,
    registry: inner.registry,
    path,
    log,
    restart: async (between) => {
      await end();
      await between?.(path);
      running = start();
      test.inventory = running.inventory;
    },
    close: async () => {
      await end();
      await inner.close();
    },
  };
  return test;
}
