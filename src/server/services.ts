import { readFile } from 'node:fs/promises';
import { parseCertificates } from '../certs/certificate-file.ts';
import type { Config } from '../config/schema.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { watchFiles } from '../lib/watch-file.ts';
import type { Watcher } from '../lib/watch-file.ts';
import { logExchange } from '../observe/access-log.ts';
import { createBackend } from '../proxy/backend.ts';
import type { BackendOptions } from '../proxy/backend.ts';
import { createForwarder } from '../proxy/forward.ts';
import type { IdleLimits } from '../proxy/idle-watch.ts';
import { createProbe } from '../proxy/probe.ts';
import { createAuthenticator } from '../users/authenticator.ts';
import { createHashPool } from '../users/hash-pool.ts';
import { openUserStore } from '../users/user-store.ts';
import type { UserStore } from '../users/user-store.ts';
import type { AppOptions } from './app.ts';
import { openCertificateKeeper } from './certificate.ts';
import type { CertificateKeeper } from './certificate.ts';

/** The parts of a running gate. */
export interface Services {
  readonly app: AppOptions;
  readonly certificate: CertificateKeeper;
  /** From now on every answer ends its connection, and the health page says so. */
  drain(): void;
  /** Look at all followed files now. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

const PROBE = { timeoutMs: 5000, holdMs: 1000 } as const;

/** Assembles the parts from the configuration: the one place where options meet parts. */
export async function createServices(config: Config, logger: Logger): Promise<Services> {
  const now = (): number => performance.now();
  const certificate = await openCertificateKeeper({
    directory: config.certs,
    ...config.tls,
    renew: config.renew,
    reloadMs: config.reloadMs,
    today: () => new Date(),
    logger,
  });
  const { store, watcher } = await followUsers(config, logger);
  const pool = createHashPool({ queueLimit: config.limits.hashQueue });
  const backend = createBackend(await backendOptions(config));
  const forwarder = createForwarder({ backend, idle: idleLimits(config), now, logger });
  const probe = createProbe({ backend, ...PROBE, now });
  let draining = false;
  return {
    certificate,
    app: {
      now,
      logger,
      observe: (exchange) => logExchange(logger, exchange),
      authority: () => certificate.authority(),
      unready: async () => expiry(certificate) ?? (await probe.look()),
      isDraining: () => draining,
      hsts: config.tls.hsts,
      authenticator: createAuthenticator({ store, pool, now, cacheTtlMs: config.auth.cacheSeconds * 1000 }),
      realm: config.auth.realm,
      admission: { headers: config.limits.headers },
      body: config.limits,
      forwarder,
    },
    drain: () => {
      draining = true;
    },
    reload: async () => {
      await Promise.all([certificate.check(), watcher.check()]);
    },
    close: async () => {
      certificate.close();
      watcher.close();
      forwarder.close();
      await pool.close();
    },
  };
}

/** The watcher stands before the first load, so that no change falls between the two. */
async function followUsers(config: Config, logger: Logger): Promise<{ store: UserStore; watcher: Watcher }> {
  let store: UserStore | undefined;
  const reload = async (): Promise<void> => {
    const result = await store?.reload();
    if (result === undefined) return;
    if (result.ok) logger.info({ users: result.users }, 'users reloaded');
    else logger.error({ reason: result.error.message }, 'users not reloaded, the ones before stay in force');
  };
  const watcher = await watchFiles({ paths: [config.users], intervalMs: config.reloadMs, onChange: reload });
  try {
    store = await openUserStore({ path: config.users });
  } catch (error) {
    watcher.close();
    throw error;
  }
  for (const { user, reason } of store.warnings) logger.warn({ user, warning: reason }, 'users');
  return { store, watcher };
}

function expiry(certificate: CertificateKeeper): string | undefined {
  return certificate.current().notAfter.getTime() <= Date.now() ? 'the certificate has expired' : undefined;
}

function idleLimits({ timeouts }: Config): IdleLimits {
  return {
    connect: timeouts.connectSeconds * 1000,
    'client-body': timeouts.bodyIdleSeconds * 1000,
    'client-reading': timeouts.sendIdleSeconds * 1000,
    backend: timeouts.backendSeconds * 1000,
  };
}

/** Where the registry stands, with its authorities read. Throws AppError FILE_UNREADABLE, CERT_INVALID. */
export async function backendOptions({ backend, backendCa }: Config): Promise<BackendOptions> {
  if (backend.kind !== 'https' || backendCa === undefined) return backend;
  const ca = await readAuthorities(backendCa);
  // TLS passes over a text without certificates, and would then trust nobody.
  parseCertificates(ca, backendCa);
  return { ...backend, ca };
}

async function readAuthorities(backendCa: string): Promise<string> {
  try {
    return await readFile(backendCa, 'utf8');
  } catch (error) {
    throw new AppError('FILE_UNREADABLE', {
      message: `${backendCa}, the authorities of the backend, can't be read.`,
      hint: 'Name a readable PEM file with --backend-ca.',
      cause: error,
    });
  }
}
