import type { Config } from '../../config/schema/schema.ts';
import { isOwner } from '../../auth/policy/owner.ts';
import { hasAnonymousRules, type Policy } from '../../auth/policy/policy.ts';
import type { Logger } from '../../lib/logger.ts';
import { createPages, type Pages } from '../../pages/pages.ts';
import type { RegistryBackend } from '../backend/registry-backend.ts';
import { openInnerRegistry } from './inner-registry.ts';

interface OpenPagesOptions {
  readonly backend: RegistryBackend;
  readonly policy: () => Policy;
  readonly logger: Logger;
}

/** The pages of a gate, with what they read. */
interface OpenedPages {
  /** Undefined where the gate shows none. */
  readonly pages: Pages | undefined;
  close(): Promise<void>;
}

/** Opens what the pages need, where the gate shows pages. */
export async function openPages(
  { pages: audience }: Pick<Config, 'pages'>,
  { backend, policy, logger }: OpenPagesOptions,
): Promise<OpenedPages> {
  if (audience === 'off') return { pages: undefined, close: async () => undefined };
  const inner = await openInnerRegistry({ backend, logger });
  const pages = createPages({
    registry: inner.registry,
    policy,
    session: () => undefined,
    isOwner: (principal) => isOwner(policy(), principal),
    anonymous: () => hasAnonymousRules(policy()),
    forOwners: audience === 'owner',
    onFailure: (error) =>
      logger.error({ error: error instanceof Error ? error.stack : 'not an error' }, 'a page failed'),
  });
  return { pages, close: () => inner.close() };
}
