import type { Config } from '../config/schema/schema.ts';
import { systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { logExchange, warnOfSlowCommit } from '../observe/access-log.ts';
import type { Exchange } from '../observe/exchange.ts';
import type { Policy } from '../auth/policy/policy.ts';
import { createHashPool } from '../auth/passwords/hash-pool.ts';
import { createFrontProxies, type FrontProxies } from '../http/peer/front-proxies.ts';
import type { Limiter } from '../limits/concurrency-limiter.ts';
import { watchTrust } from '../pipeline/auth/distrusting-clients.ts';
import type { HandlerOptions } from '../pipeline/handler.ts';
import { watchFirstSignIn } from './auth/first-sign-in.ts';
import { endOrphans } from './auth/end-orphans.ts';
import { followAccess } from './auth/follow-access.ts';
import { followSessions } from './auth/follow-sessions.ts';
import { followTokens } from './auth/follow-tokens.ts';
import { followUsers } from './auth/follow-users.ts';
import { openRegistryBackend, type RegistryBackend } from './backend/registry-backend.ts';
import { readUploadKey } from './backend/upload-key.ts';
import { followCertificate, type CertificateKeeper } from './certificate/certificate.ts';
import { openBandwidth } from './cluster/bandwidth.ts';
import { firstWorkerLogger, hashShare, type ClusterContext } from './cluster/cluster-context.ts';
import { openLimiters } from './cluster/limiters.ts';
import { watchEndings, type ExpiryWatch } from './observe/expiry-watch.ts';
import { warnOfForeignHosts } from './observe/host-warnings.ts';
import type { MetricsSources } from './observe/metrics.ts';
import { openShown } from './pages/open-shown.ts';
import { openObservers } from './observers.ts';

/** The parts of a running gate, all but those that listen. */
export interface Services {
  readonly handler: Omit<HandlerOptions, 'isDraining'>;
  readonly certificate: CertificateKeeper;
  readonly proxies: FrontProxies;
  /** Permits for connections; undefined where their number is not limited. */
  readonly connectionLimiter: Limiter | undefined;
  /** Called with the address of a client that did not trust the certificate. */
  readonly onDistrust: (address: string, alert: string) => void;
  /** Opens the listener of the metrics, where one is configured. Rejects with AppError LISTEN_FAILED. */
  showMetrics(connections: MetricsSources['connections']): Promise<void>;
  /** Looks at all followed files now. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Something that was opened. */
interface Closable {
  close(): unknown;
}

/** Closes what was opened, the last one first. */
async function closeAll(opened: readonly Closable[]): Promise<void> {
  for (const part of opened.toReversed()) await part.close();
}

/**
 * Opens the parts that the configuration asks for, and joins them. Throws AppError where one can't be opened; nothing is
 * left open then.
 */
export async function openServices(
  config: Config,
  logger: Logger,
  cluster: ClusterContext,
): Promise<Services> {
  const opened: Closable[] = [];
  const parts = await openParts({ config, logger, cluster }, opened).catch(async (error: unknown) => {
    await closeAll(opened);
    throw error;
  });
  const { observers, certificate, users, access, following, browsers, endings, registry, shown } = parts;
  const files = [certificate, users, access, following, browsers, endings];
  return {
    handler: handlerOptions(config, logger, parts),
    certificate,
    proxies: parts.proxies,
    connectionLimiter: parts.limiters.connections,
    onDistrust: parts.trust.refused,
    showMetrics: (connections) => {
      shown.follow(connections);
      return observers.showMetrics({ connections, certificate, registryBackend: registry, watch: endings });
    },
    reload: async () => {
      await Promise.all([...files.map((file) => file.check()), observers.reopen()]);
    },
    close: () => closeAll(opened),
  };
}

type Parts = Awaited<ReturnType<typeof openParts>>;

interface PartsOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly cluster: ClusterContext;
}

/** Adds each part that has to be closed to `opened` as soon as it is there. */
async function openParts({ config, logger, cluster }: PartsOptions, opened: Closable[]) {
  const keep = <T extends Closable>(part: T): T => {
    opened.push(part);
    return part;
  };
  const { limits } = config;
  const { bus } = cluster;
  const now = (): number => performance.now();
  const observers = keep(await openObservers({ config, logger, now, cluster }));
  const { audit } = observers;
  const firstLogger = firstWorkerLogger(logger, bus);
  const certificate = keep(await followCertificate(config, bus, firstLogger, audit));
  const pool = keep(observers.watchHashes(createHashPool(hashShare(limits.hashQueue, bus))));
  const users = keep(await followUsers(config, { pool, cluster, logger: firstLogger, audit }));
  const registry = keep(await openRegistryBackend({ config, bus, now, logger }));
  const access = keep(await followAccess(config, users.known, firstLogger, audit));
  const onRealm = realmWatch(config, certificate, firstLogger);
  const policy = (): Policy => access.current().policy;
  const clock = (): number => Date.now();
  const context = { logger: firstLogger, now, clock, cluster, audit, onRealm };
  const { directory } = users;
  const following = keep(await followTokens(config, { directory, policy, ...context }));
  const { tokens, lockouts } = following;
  const browsers = keep(await followSessions(config, { directory, tokens, ...context }));
  const endings = keep(await watchEndings(config, { certificate, tokens, logger: firstLogger, audit }));
  if (bus.slot === 0) await endOrphans({ ...tokens, ...users, logger });
  const seen = { users, policy, tokens, audit, lockouts, certificate, endings, bus, now };
  return {
    now,
    observers,
    certificate,
    users,
    registry,
    access,
    policy,
    following,
    browsers,
    endings,
    firstSignIn: await watchFirstSignIn(config.state),
    uploadKey: await readUploadKey(config),
    limiters: openLimiters(limits, bus),
    bandwidth: openBandwidth({ limits, bus, now }),
    proxies: createFrontProxies({ config: config.frontProxies, logger, now }),
    trust: watchTrust({ logger, now, bus }),
    // The last: a start that fails before it has neither its threads nor its socket.
    shown: keep(await openShown(config, logger, { ...seen, registry, browsers })),
  };
}

/** Called with each exchange when its answer has ended. */
function observeExchanges(
  { observers, trust, registry, firstSignIn, shown }: Parts,
  logger: Logger,
): (exchange: Exchange) => void {
  const { metrics, tracing, audit } = observers;
  return (exchange) => {
    if (exchange.path === '/token') trust.asked(exchange.address);
    firstSignIn?.(exchange);
    logExchange(logger, exchange);
    warnOfSlowCommit(logger, exchange);
    metrics?.observe(exchange);
    tracing?.observe(exchange);
    audit?.observe(exchange);
    registry.catalog.note(exchange);
    shown.observe(exchange);
  };
}

/** A page is small, and held in memory: whoever reads nothing of it for longer does not want it. */
const MOST_PAGE_IDLE_SECONDS = 30;

/** The parts that a request passes, in that order. */
function handlerOptions(
  { limits, publicUrl, timeouts, tls }: Config,
  logger: Logger,
  parts: Parts,
): Services['handler'] {
  const { proxies, trust, certificate, endings, following, registry, observers } = parts;
  return {
    now: parts.now,
    logger,
    addressOf: proxies.addressOf,
    hostOf: publicUrl === undefined ? proxies.hostOf : (): string => publicUrl,
    observe: observeExchanges(parts, logger),
    isAudited: observers.audit !== undefined,
    admission: { headers: limits.headers },
    hsts: tls.hsts,
    formMs: timeouts.headerSeconds * 1000,
    pageIdleMs: Math.min(MOST_PAGE_IDLE_SECONDS, timeouts.sendIdleSeconds) * 1000,
    // The pages.
    authority: () => certificate.authority(),
    ...readiness(endings, registry),
    pages: parts.shown.pages,
    // The stages of the pipeline.
    tokens: following.tokens,
    challenge: trust.noting(following.challenge),
    policy: parts.policy,
    uploadKey: parts.uploadKey,
    catalog: registry.catalog,
    onCatalogFailure: (error) => logger.warn({ error: reasonOf(error) }, 'no catalog from the registry'),
    body: limits,
    // The steps to the registry.
    limiter: parts.limiters.transfers,
    bandwidth: parts.bandwidth,
    tracing: observers.tracing,
    sign: registry.sign,
    address: registry.address,
    cache: registry.cache,
    forward: registry.forward,
  };
}

/** Warns of hosts that the certificate lacks, unless the configuration names the address of the gate. */
function realmWatch(
  { publicUrl }: Pick<Config, 'publicUrl'>,
  certificate: CertificateKeeper,
  logger: Logger,
): (host: string) => void {
  if (publicUrl !== undefined) return () => undefined;
  return warnOfForeignHosts({ certificate: () => certificate.current().cert, logger });
}

function readiness(
  endings: ExpiryWatch,
  registry: RegistryBackend,
): Pick<HandlerOptions, 'unready' | 'limitation' | 'warning'> {
  return {
    warning: () => endings.warning(),
    unready: async () => endings.ended() ?? (await registry.unready()),
    limitation: async () => registry.limitation?.(),
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (systemCode(error) ?? error.message) : 'unknown';
}
