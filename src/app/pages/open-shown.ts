import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { logExchange } from '../../observe/access-log.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import type { followSessions } from '../auth/follow-sessions.ts';
import type { followTokens } from '../auth/follow-tokens.ts';
import type { followUsers } from '../auth/follow-users.ts';
import type { RegistryBackend } from '../backend/registry-backend.ts';
import { firstWorkerLogger, type ClusterContext } from '../cluster/cluster-context.ts';
import { shareUserChanges } from '../cluster/credential-sync.ts';
import type { Audit } from '../observe/audit.ts';
import type { CertificateKeeper } from '../certificate/certificate.ts';
import type { OwnerParts } from './open-owner.ts';
import { openPages } from './open-pages.ts';

interface ShownParts extends Pick<ClusterContext, 'bus'>, Pick<OwnerParts, 'lockouts' | 'endings' | 'now'> {
  readonly certificate: CertificateKeeper;
  readonly users: Awaited<ReturnType<typeof followUsers>>;
  readonly registry: RegistryBackend;
  readonly policy: () => Policy;
  readonly tokens: Awaited<ReturnType<typeof followTokens>>['tokens'];
  readonly browsers: Awaited<ReturnType<typeof followSessions>>;
  readonly audit: Audit | undefined;
}

/** Opens the pages over the other parts of a gate. */
export function openShown(
  config: Config,
  logger: Logger,
  { registry, browsers, ...parts }: ShownParts,
): ReturnType<typeof openPages> {
  const { bus, users, audit } = parts;
  return openPages(config, {
    ...parts,
    backend: registry,
    directory: users.directory,
    sessions: browsers.sessions,
    reloadUsers: shareUserChanges(bus, users),
    logger: firstWorkerLogger(logger, bus),
    onExchange: (exchange) => {
      logExchange(logger, exchange);
      audit?.observe(exchange);
    },
  });
}
