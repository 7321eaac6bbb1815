import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';
import type { Config } from '../../config/schema/schema.ts';
import { renderBackend } from '../../config/values/backend-url.ts';
import type { RefreshRequest } from '../../inventory/follow/refresh.ts';
import type { Inventory, Notice } from '../../inventory/inventory.ts';
import { startKeeper, type Keeper } from '../../inventory/open/keeper.ts';
import { openInventory } from '../../inventory/open/open-inventory.ts';
import type { Logger } from '../../lib/logger.ts';
import type { InnerDoor } from './inner-registry.ts';

interface GateInventoryOptions {
  readonly config: Pick<Config, 'state' | 'backend'>;
  readonly bus: Bus;
  readonly door: InnerDoor;
  readonly logger: Logger;
}

/** The notices of a worker, for the one that keeps the file. */
const NOTICES = createTopic('inventory-notices', isNotices, isNothing);
const REFRESH = createTopic('inventory-refresh', isRefresh, isNothing);
/** As long as the keeper takes to read what a page shows, in milliseconds. Whoever waits for it waits less. */
const REFRESH_MS = 60_000;

/** The inventory of the gate: one process keeps the file, and each reads it. */
export function openGateInventory({ config, bus, door, logger }: GateInventoryOptions): Inventory {
  const backend = renderBackend(config.backend);
  const path = join(config.state, fileName(backend));
  const own =
    bus.slot === 0
      ? startKeeper({
          path,
          backend,
          door: { ...door, password: door.password.reveal() },
          logger,
        })
      : undefined;
  bus.handle(NOTICES, (notices) => own?.note(notices));
  // Whoever keeps no file answers at once.
  bus.handle(REFRESH, async (request) => own?.refresh(request).catch(() => undefined));
  const inventory = openInventory({ path, keeper: own ?? distantKeeper(bus), logger });
  return {
    ...inventory,
    close: async () => {
      await inventory.close();
      await own?.close();
    },
  };
}

/** One for each registry: gates of several registries may share a state directory. */
function fileName(backend: string): string {
  return `inventory-${createHash('sha256').update(backend).digest('hex').slice(0, 8)}.db`;
}

function distantKeeper(bus: Bus): Keeper {
  return {
    note: (notices) => bus.publish(NOTICES, notices),
    refresh: async (request) => void (await bus.collect(REFRESH, request, REFRESH_MS)),
  };
}

/** Guard: a worker runs the same program, so that what it sends needs no further check. */
function isNotices(value: unknown): value is readonly Notice[] {
  return Array.isArray(value);
}

function isRefresh(value: unknown): value is RefreshRequest {
  return typeof value === 'object' && value !== null && 'repository' in value;
}
