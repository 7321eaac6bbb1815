import type { Config } from '../../config/schema/schema.ts';
import { isOwner } from '../../auth/policy/owner.ts';
import { hasAnonymousRules, type Policy } from '../../auth/policy/policy.ts';
import type { Logger } from '../../lib/logger.ts';
import { createFilesThread } from '../../pages/image/files/thread/files-thread.ts';
import { createPages, type Pages } from '../../pages/pages.ts';
import type { Exchange } from '../../observe/exchange.ts';
import type { UserDirectory } from '../../auth/directory.ts';
import { formToken } from '../../auth/sessions/form-token.ts';
import { createOwnPassword } from '../../auth/sessions/own-password.ts';
import { createPageSignIn } from '../../auth/sessions/page-sign-in.ts';
import { readSessionCookie } from '../../auth/sessions/session-cookie.ts';
import type { Sessions } from '../../auth/sessions/sessions.ts';
import type { Tokens } from '../../auth/tokens/open-tokens.ts';
import type { ReadRequestOptions } from '../../pages/request/read-request.ts';
import type { RegistryBackend } from '../backend/registry-backend.ts';
import { deletionExchange } from './deletion-exchange.ts';
import { createGarbageCount } from './garbage-count.ts';
import type { CertificateKeeper } from '../certificate/certificate.ts';
import { openGateInventory } from './gate-inventory.ts';
import type { Health, HealthOptions } from './health.ts';
import { openOwner, type OwnerParts } from './open-owner.ts';
import { openInnerRegistry } from './inner-registry.ts';
import { noteExchanges } from './inventory-events.ts';

interface OpenPagesOptions extends Omit<OwnerParts, 'registry' | 'certificate'> {
  readonly backend: RegistryBackend;
  readonly certificate: Pick<CertificateKeeper, 'current' | 'authority'>;
  readonly policy: () => Policy;
  readonly logger: Logger;
  /** Told of what pages have done at the registry. */
  readonly onExchange: (exchange: Exchange) => void;
  readonly sessions: Sessions;
  readonly tokens: Pick<Tokens, 'check' | 'devices' | 'own'>;
  /** Makes every process of the gate read the users again. */
  readonly reloadUsers: () => Promise<unknown>;
  readonly directory: UserDirectory;
}

/** The pages of a gate, with what they read. */
interface OpenedPages {
  /** Undefined where the gate shows none. */
  readonly pages: Pages | undefined;
  /** Told of what passes the gate. */
  observe(exchange: Exchange): void;
  /** From now on these connections count for the page about health. */
  readonly follow: Health['follow'];
  close(): Promise<void>;
}

/** Opens what the pages need, where the gate shows pages. */
export async function openPages(
  config: HealthOptions['config'] & Pick<Config, 'audit' | 'pages' | 'pagesFiles' | 'users'>,
  options: OpenPagesOptions,
): Promise<OpenedPages> {
  if (config.pages === 'off') return NO_PAGES;
  const { backend, bus, policy, logger, onExchange, sessions, tokens, certificate } = options;
  const { follow, ...owner } = openOwner(config, { ...options, registry: backend });
  const inner = await openInnerRegistry({ backend, logger });
  const inventory = openGateInventory({ config, bus, door: inner.door, logger });
  const observe = noteExchanges(inventory);
  const proof = { check: tokens.check, sessions };
  const files = createFilesThread({ door: inner.door, largestLayer: config.pagesFiles, logger });
  const pages = createPages({
    files: { ask: files.ask, largestLayer: config.pagesFiles },
    registry: inner.registry,
    inventory,
    isEmbedded: config.backend.kind === 'embedded',
    untagged: backend.untagged,
    garbage: createGarbageCount({ collect: backend.collectGarbage, clock: () => Date.now() }),
    onDeletion: (deletion) => {
      const exchange = deletionExchange(deletion);
      observe(exchange);
      onExchange(exchange);
    },
    policy,
    session: (cookies) => findSession(sessions, cookies),
    sessions,
    tokens,
    password: createOwnPassword({ path: config.users, ...proof, onChanged: options.reloadUsers }),
    signIn: createPageSignIn(proof),
    owner,
    authority: () => certificate.authority(),
    isOwner: (principal) => isOwner(policy(), principal),
    anonymous: () => hasAnonymousRules(policy()),
    forOwners: config.pages === 'owner',
    onFailure: (error) =>
      logger.error({ error: error instanceof Error ? error.stack : 'not an error' }, 'a page failed'),
  });
  return {
    pages,
    observe,
    follow,
    close: async () => {
      await files.close();
      await inventory.close();
      await inner.close();
    },
  };
}

const NO_PAGES: OpenedPages = {
  pages: undefined,
  observe: () => undefined,
  follow: () => undefined,
  close: async () => undefined,
};

async function findSession(
  sessions: Sessions,
  cookies: string | undefined,
): ReturnType<ReadRequestOptions['session']> {
  const secret = readSessionCookie(cookies);
  const session = secret === undefined ? undefined : await sessions.use(secret);
  if (secret === undefined || session === undefined) return undefined;
  return { id: session.id, principal: sessions.principalOf(session), csrf: formToken(secret) };
}
