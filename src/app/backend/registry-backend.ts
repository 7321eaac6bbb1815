import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseCertificates } from '../../pki/x509/certificate-file.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { GcOptions, GcReport } from '../../backend/embedded/gc/gc.ts';
import { openEmbedded } from '../../backend/embedded/embedded.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { createBackend } from '../../backend/client/backend.ts';
import type { BackendOptions } from '../../backend/client/backend-address.ts';
import { createCatalogSource } from '../../backend/proxy/catalog-source.ts';
import { createForwarder } from '../../backend/proxy/forward.ts';
import { createIdleWatch, type IdleLimits } from '../../lib/streams/idle-watch.ts';
import type { Failure } from '../../backend/client/failure.ts';
import { createProbe } from '../../backend/probe/probe.ts';
import type { Access } from '../../oci/request/scope.ts';
import type { CacheCounters } from '../../backend/cache/counters.ts';
import type { Bus } from '../../cluster/bus.ts';
import { addressRequests, signRequests } from './addressing.ts';
import { openBackendCredentials } from './backend-credentials.ts';
import { openCachedBackend } from './cached-backend.ts';
import type { PipelineOptions } from '../../pipeline/pipeline.ts';
import { createSharedCatalog, type SharedCatalog } from '../../pipeline/shared-catalog.ts';
import { firstWorkerLogger } from '../cluster/cluster-context.ts';

/** The registry behind the gate, or the embedded one, and the steps of the pipeline that it needs. */
export interface RegistryBackend extends Pick<PipelineOptions, 'sign' | 'address' | 'cache' | 'forward'> {
  /** The Host of the gate's own requests to it. */
  readonly host: string;
  /** Pages of the whole catalog; rejects where the registry gives none. */
  readonly catalog: SharedCatalog;
  /** Why the registry cannot serve, in a few words, or undefined. */
  unready(): Promise<string | undefined>;
  /** Why pushes fail or may fail, while pulls work; or undefined. */
  limitation?(): Promise<string | undefined>;
  /** Looks for what no image needs, in the registry inside the gate. */
  collectGarbage?(options: GcOptions): Promise<GcReport>;
  /** Lists the manifests without a tag of a repository in the registry inside the gate. */
  untagged?(repository: string): Promise<readonly { readonly digest: string; readonly since: Date }[]>;
  /** Of the layer cache, where there is one. */
  readonly cacheCounters?: (() => CacheCounters) | undefined;
  close(): Promise<void>;
}

interface RegistryBackendOptions {
  readonly config: Pick<
    Config,
    | 'auth'
    | 'backend'
    | 'backendCa'
    | 'backendHost'
    | 'backendPassword'
    | 'backendUser'
    | 'cache'
    | 'limits'
    | 'state'
    | 'timeouts'
  >;
  readonly bus: Bus;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

const CATALOG_TIMEOUT_MS = 30_000;
/** The access that the catalog needs; the base path needs none. */
const CATALOG: readonly Access[] = [{ type: 'registry', name: 'catalog', actions: ['*'] }];
const NAMED_CURVES = new Set(['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1']);
const PROBE = { timeoutMs: 5000, holdMs: 1000 } as const;

/** Opens the configured registry. Throws AppError where its authorities or its folder cannot be read. */
export async function openRegistryBackend(options: RegistryBackendOptions): Promise<RegistryBackend> {
  const { backend } = options.config;
  return backend.kind === 'embedded' ? openFolder(backend.directory, options) : openNetwork(options);
}

async function openFolder(
  directory: string,
  { config, bus, now, logger }: RegistryBackendOptions,
): Promise<RegistryBackend> {
  const idle = createIdleWatch(idleLimits(config), now);
  const { uploadsPerUser, uploadPercentPerUser, manifestBytes } = config.limits;
  const registry = await openEmbedded({
    directory,
    idle,
    logger,
    now: () => new Date(),
    uploads: { sessions: uploadsPerUser, percent: uploadPercentPerUser },
    manifestBytes,
    clearsUp: bus.slot === 0,
  });
  return {
    host: 'localhost',
    forward: (job) => registry.handle(job),
    catalog: createSharedCatalog({ source: (n, last) => registry.catalog(n, last), now }),
    unready: () => registry.unready(),
    limitation: () => registry.limitation(),
    untagged: (repository) => registry.untagged(repository),
    collectGarbage: (wishes) => registry.collectGarbage(wishes),
    close: async () => {
      idle.close();
      await registry.close();
    },
  };
}

async function openNetwork(options: RegistryBackendOptions): Promise<RegistryBackend> {
  const { config, bus, now, logger } = options;
  const backend = createBackend(await backendOptions(config), now);
  const limits = idleLimits(config);
  const forwarder = createForwarder({ backend, idle: limits, now, logger });
  const { cache } = config;
  const cached = await openCachedBackend({ cache, backend: backend.options, limits, bus, now, logger });
  const credentials = await openBackendCredentials(config, backend, now);
  const authorization = credentials && (() => credentials.authorization('', CATALOG));
  const onChange = followReadiness(backend.url, firstWorkerLogger(logger, bus));
  const probe = createProbe({ backend, ...PROBE, now, authorization, onChange });
  return {
    host: backend.authority,
    sign: credentials && signRequests(credentials, backend, logger),
    address: addressRequests(backend),
    cache: cached?.step,
    forward: forwarder.forward,
    catalog: createSharedCatalog({
      source: createCatalogSource({ backend, timeoutMs: CATALOG_TIMEOUT_MS, authorization }),
      now,
    }),
    unready: async () => (await probe.look())?.reason,
    cacheCounters: cached?.counters,
    close: async () => {
      cached?.close();
      credentials?.close();
      forwarder.close();
    },
  };
}

/** Logs when the registry cannot serve, when the reason changes, and when it can again. */
function followReadiness(url: string, logger: Logger): (failure: Failure | undefined) => void {
  return (failure) => {
    if (failure === undefined) logger.info({ backend: url }, 'the registry is ready again');
    else logger.warn({ backend: url, ...failure }, 'the registry is not ready');
  };
}

function idleLimits({ timeouts }: Pick<Config, 'timeouts'>): IdleLimits {
  return {
    connect: timeouts.connectSeconds * 1000,
    'client-body': timeouts.bodyIdleSeconds * 1000,
    'client-reading': timeouts.sendIdleSeconds * 1000,
    backend: timeouts.backendSeconds * 1000,
  };
}

/** The address of the registry, and its authorities. Throws AppError FILE_UNREADABLE, CERT_INVALID. */
export async function backendOptions({
  backend,
  backendCa,
  backendHost,
}: Pick<Config, 'backend' | 'backendCa' | 'backendHost'>): Promise<BackendOptions> {
  if (backend.kind === 'embedded') throw new Error('the embedded registry is not reached over the network');
  const hostHeader = backendHost === undefined ? {} : { hostHeader: backendHost };
  if (backend.kind !== 'https' || backendCa === undefined) return { ...backend, ...hostHeader };
  const ca = await readAuthorities(backendCa);
  // Node.js ignores a text without certificates, and would then trust no registry.
  refuseOddCurves(parseCertificates(ca, backendCa), backendCa);
  return { ...backend, ...hostHeader, ca };
}

/** Node.js 24 crashes where it describes a verified chain with a key on a curve that NIST has not named. */
function refuseOddCurves(authorities: readonly X509Certificate[], path: string): void {
  const curves = authorities.map(({ publicKey }) => publicKey.asymmetricKeyDetails?.namedCurve);
  const odd = curves.find((curve) => curve !== undefined && !NAMED_CURVES.has(curve));
  if (odd === undefined) return;
  throw new AppError('CERT_INVALID', {
    message: `${path}, the authorities of the backend, holds a key on the curve ${odd}, at which Node.js would crash.`,
    hint: 'Take that certificate out of the file, and have the registry use one with RSA or ECDSA on P-256, P-384 or P-521.',
  });
}

async function readAuthorities(backendCa: string): Promise<string> {
  try {
    return await readFile(backendCa, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    throw new AppError('FILE_UNREADABLE', {
      message: `${backendCa}, the authorities of the backend, can't be read (${code ?? String(error)}).`,
      hint: isForbidden(error)
        ? ownershipCure(backendCa, 'read')
        : 'Name a readable PEM file with --backend-ca.',
      cause: error,
    });
  }
}
