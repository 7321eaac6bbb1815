import type { Config } from '../config/schema/schema.ts';
import type { Ending } from '../lib/ending.ts';
import { systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { createHashPool } from '../auth/passwords/hash-pool.ts';
import type { Bus } from '../cluster/bus.ts';
import type { AppOptions } from '../pipeline/handler.ts';
import type { Audit } from './observe/audit.ts';
import { backendEndings } from './backend/backend-endings.ts';
import { openCertificateKeeper } from './certificate.ts';
import type { CertificateKeeper } from './certificate.ts';
import { watchFirstSignIn } from './auth/first-sign-in.ts';
import { openExpiryWatch } from './observe/expiry-watch.ts';
import type { ExpiryWatch } from './observe/expiry-watch.ts';
import { followAccess } from './auth/follow-access.ts';
import { followTokens } from './auth/follow-tokens.ts';
import { followUsers } from './auth/follow-users.ts';
import { warnOfForeignHosts } from './observe/host-warnings.ts';
import { openRegistryBackend } from './backend/registry-backend.ts';
import type { RegistryBackend } from './backend/registry-backend.ts';
import { readUploadKey } from './backend/upload-key.ts';
import { hashShare, firstWorkerLogger } from './cluster/cluster-context.ts';
import type { ClusterContext } from './cluster/cluster-context.ts';
import type { MetricsSources } from './observe/metrics.ts';
import { openObservers } from './observers.ts';

/** The parts of a running gate. */
export interface Services {
  readonly app: AppOptions;
  readonly certificate: CertificateKeeper;
  /** Opens the page of metrics, where there is to be one. Rejects with AppError LISTEN_FAILED. */
  showMetrics(connections: MetricsSources['connections']): Promise<void>;
  /** From now on every answer ends its connection, and the health page says so. */
  drain(): void;
  /** Look at all followed files now. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Assembles the parts from the configuration: the one place where options meet parts. */
export async function createServices(
  config: Config,
  logger: Logger,
  cluster: ClusterContext,
): Promise<Services> {
  const { bus } = cluster;
  const chores = firstWorkerLogger(logger, bus);
  const now = (): number => performance.now();
  const observers = await openObservers({ config, logger, now, bus });
  const { audit } = observers;
  const certificate = await openCertificate(config, bus, chores, audit);
  const users = await followUsers(config, chores, audit);
  const pool = observers.watchHashes(createHashPool(hashShare(config.limits.hashQueue, bus)));
  const registryBackend = await openRegistryBackend({ config, bus, now, logger });
  const access = await followAccess(config, users, chores, audit);
  const { policy } = access;
  const context = { logger: chores, now, cluster, audit, onRealm: realmWatch(config, certificate, chores) };
  const following = await followTokens(config, { users, pool, policy, ...context });
  const watch = await watchEndings(config, { certificate, tokens: following.tokens, logger: chores, audit });
  const files = [certificate, users, access, following, watch];
  let draining = false;
  return {
    certificate,
    app: {
      now,
      logger,
      observe: registryBackend.catalog.follow(await watchFirstSignIn(config.state, observers.observe)),
      authority: () => certificate.authority(),
      ...readinessOf(watch, registryBackend),
      isDraining: () => draining,
      hsts: config.tls.hsts,
      tokens: following.tokens,
      challenge: following.challenge,
      formMs: config.timeouts.headerSeconds * 1000,
      policy,
      catalog: registryBackend.catalog,
      onCatalogFailure: (error) => logger.warn({ error: reasonOf(error) }, 'no catalog from the registry'),
      uploadKey: await readUploadKey(config),
      admission: { headers: config.limits.headers },
      body: config.limits,
      forward: observers.follow((job) => registryBackend.forward(job)),
    },
    showMetrics: (connections) => observers.showMetrics({ connections, certificate, registryBackend, watch }),
    drain: () => void (draining = true),
    reload: () => Promise.all([...files.map((one) => one.check()), audit?.reopen()]).then(() => undefined),
    close: () => closeInTurn([...files, registryBackend, pool, observers]),
  };
}

/** An address that the configuration names was meant, whatever the certificate of the gate says. */
function realmWatch(
  { publicUrl }: Config,
  certificate: CertificateKeeper,
  logger: Logger,
): (host: string) => void {
  if (publicUrl !== undefined) return () => undefined;
  return warnOfForeignHosts({ certificate: () => certificate.current().cert, logger });
}

async function closeInTurn(parts: readonly { close(): unknown }[]): Promise<void> {
  for (const part of parts) await part.close();
}

async function openCertificate(
  { certs, tls, renew, reloadMs }: Config,
  bus: Pick<Bus, 'slot'>,
  logger: Logger,
  audit: Audit | undefined,
): Promise<CertificateKeeper> {
  const keeper = await openCertificateKeeper({
    directory: certs,
    ...tls,
    // The others follow the files.
    renew: renew && bus.slot === 0,
    reloadMs,
    today: () => new Date(),
    logger,
    onDamage: (error) => audit?.noteReload('certificate', error),
  });
  keeper.onChange(() => audit?.noteReload('certificate'));
  return keeper;
}

interface Ends {
  readonly certificate: CertificateKeeper;
  readonly tokens: { endings(): readonly Ending[] };
  readonly logger: Logger;
  readonly audit: Audit | undefined;
}

async function watchEndings(
  config: Config,
  { certificate, tokens, logger, audit }: Ends,
): Promise<ExpiryWatch> {
  const beyond = await backendEndings(config);
  const watch = openExpiryWatch({
    own: () => [...certificate.current().endings, ...beyond],
    tokens: () => tokens.endings(),
    logger,
    today: () => new Date(),
    onNotice: ({ kind }, sentence, hasEnded) => audit?.noteExpiry(kind, sentence, hasEnded),
  });
  // Listeners are told before the new one is in force.
  certificate.onChange(() => setImmediate(() => watch.check()));
  return watch;
}

function readinessOf(
  watch: ExpiryWatch,
  registryBackend: RegistryBackend,
): Pick<AppOptions, 'unready' | 'limitation' | 'warning'> {
  return {
    warning: () => watch.warning(),
    unready: async () => watch.ended() ?? (await registryBackend.unready()),
    limitation: async () => registryBackend.limitation?.(),
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (systemCode(error) ?? error.message) : 'unknown';
}
