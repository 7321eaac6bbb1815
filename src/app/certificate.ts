import type { ServerCertificate, ServerCertificateOptions } from '../pki/authority/server-certificate.ts';
import { loadServerCertificate } from '../pki/authority/server-certificate.ts';
import { certificatePaths } from '../pki/authority/cert-store.ts';
import { authorityFingerprint } from '../pki/x509/certificate-file.ts';
import { renewIfDue } from '../pki/authority/renewal.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { sayDetached } from '../lib/files/detached.ts';
import { watchFiles } from '../lib/files/watch-file.ts';
import type { Watcher } from '../lib/files/watch-file.ts';

export interface CertificateKeeperOptions {
  readonly directory: string;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Whether a due certificate of the directory's own CA is renewed. */
  readonly renew: boolean;
  readonly reloadMs: number;
  /** Wall clock. */
  readonly today: () => Date;
  readonly logger: Logger;
  /** Told what kept the one before in force. */
  readonly onDamage?: (error: unknown) => void;
}

export interface CertificateKeeper {
  current(): ServerCertificate;
  /** PEM and SHA-256 of the CA that signed the certificate. */
  authority(): { readonly pem: string; readonly sha256: string } | undefined;
  /** Called with each certificate that takes the place of the one before. */
  onChange(listener: (certificate: ServerCertificate) => void): void;
  /** Look at the files now. */
  check(): Promise<void>;
  close(): void;
}

const RENEWAL_LOOK_MS = 6 * 3600 * 1000;

/** Holds the certificate in force: loads it, follows its files, renews it. A bad file never takes the place of a good one. */
export async function openCertificateKeeper(options: CertificateKeeperOptions): Promise<CertificateKeeper> {
  const { directory, reloadMs, today, logger } = options;
  const defaults = certificatePaths(directory);
  const source = sourceOf(options);
  const paths = [
    options.certificate ?? defaults.certificate,
    options.key ?? defaults.key,
    defaults.authorityCertificate,
  ];
  const listeners: ((certificate: ServerCertificate) => void)[] = [];
  let current: ServerCertificate;
  let authority: ReturnType<CertificateKeeper['authority']>;

  const adopt = (certificate: ServerCertificate): void => {
    current = certificate;
    const pem = certificate.authority;
    authority = pem === undefined ? undefined : { pem, sha256: authorityFingerprint(pem) };
    for (const warning of certificate.warnings) logger.warn({ warning }, 'certificate');
  };
  const reload = async (): Promise<unknown> => {
    try {
      const next = await loadServerCertificate(source, today());
      for (const listener of listeners) listener(next);
      adopt(next);
      logger.info({ fingerprint: next.fingerprint, notAfter: next.notAfter }, 'certificate reloaded');
      return undefined;
    } catch (error) {
      logger.error({ reason: reasonOf(error) }, 'certificate not reloaded, the one before stays in force');
      options.onDamage?.(error);
      return error;
    }
  };

  const onDetached = sayDetached(logger);
  const watcher = await watchFiles({ paths, intervalMs: reloadMs, onChange: reload, onDetached });
  const renews = options.renew && options.certificate === undefined;
  if (renews) await renew(directory, today(), logger);
  adopt(await loadFirst(source, today(), watcher));
  const timer = setInterval(() => void (renews && renew(directory, today(), logger)), RENEWAL_LOOK_MS);
  timer.unref();
  return {
    current: () => current,
    authority: () => authority,
    onChange: (listener) => void listeners.push(listener),
    check: () => watcher.check(),
    close: () => {
      watcher.close();
      clearInterval(timer);
    },
  };
}

function sourceOf({ directory, certificate, key }: CertificateKeeperOptions): ServerCertificateOptions {
  return {
    directory,
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}

async function loadFirst(
  source: ServerCertificateOptions,
  now: Date,
  watcher: Watcher,
): Promise<ServerCertificate> {
  try {
    return await loadServerCertificate(source, now);
  } catch (error) {
    watcher.close();
    throw error;
  }
}

/** Renewing writes the files, and the watcher brings them in like any other change. */
async function renew(directory: string, now: Date, logger: Logger): Promise<void> {
  try {
    if ((await renewIfDue({ directory, now })) === 'renewed')
      logger.info({ directory }, 'certificate renewed');
  } catch (error) {
    // A missing certificate is for loading to report.
    if (error instanceof AppError && error.code === 'CERT_MISSING') return;
    logger.warn({ reason: reasonOf(error) }, 'certificate due, but not renewed');
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AppError) return error.message;
  return error instanceof Error ? error.name : 'unknown';
}
