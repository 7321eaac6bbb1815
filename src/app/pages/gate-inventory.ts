import { join } from 'node:path';
import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { RefreshRequest } from '../../inventory/follow/refresh.ts';
import type { Inventory, Notice, RegistryEvent } from '../../inventory/inventory.ts';
import { startKeeper, type Keeper } from '../../inventory/open/keeper.ts';
import { openInventory } from '../../inventory/open/open-inventory.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Exchange } from '../../observe/exchange.ts';
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
const FILE = 'inventory.db';

/** The inventory of the gate: one process keeps the file, and each reads it. */
export function openGateInventory({ config, bus, door, logger }: GateInventoryOptions): Inventory {
  const path = join(config.state, FILE);
  const own =
    bus.slot === 0
      ? startKeeper({
          path,
          backend: JSON.stringify(config.backend),
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

function distantKeeper(bus: Bus): Keeper {
  return {
    note: (notices) => bus.publish(NOTICES, notices),
    refresh: async (request) => void (await bus.collect(REFRESH, request)),
  };
}

/** What an exchange says about the registry: a manifest that was pushed, deleted or pulled. */
export function eventsOf({ request, status, user }: Exchange, at: number): readonly RegistryEvent[] {
  if (request === undefined || request.route.kind !== 'manifest' || status < 200 || status >= 300) return [];
  const { repository, reference } = request.route;
  const event = { repository, by: user, at };
  if (request.method === 'DELETE') return [{ kind: 'deleted', reference, ...event }];
  if (request.method === 'GET') return [{ kind: 'pulled', reference, ...event }];
  if (request.method !== 'PUT') return [];
  // A manifest that is pushed by its digest may be given tags in the query (distribution-spec v1.1.1).
  const tags = request.query.pairs.filter(({ key }) => key === 'tag').map(({ value }) => value);
  return [reference, ...tags].map((name) => ({ kind: 'pushed', reference: name, ...event }));
}

/** Guard: a worker runs the same program, so that what it sends needs no further check. */
function isNotices(value: unknown): value is readonly Notice[] {
  return Array.isArray(value);
}

function isRefresh(value: unknown): value is RefreshRequest {
  return typeof value === 'object' && value !== null && 'repository' in value;
}
