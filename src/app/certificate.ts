import type { ServerCertificate, ServerCertificateOptions } from '../pki/authority/server-certificate.ts';
import { loadServerCertificate } from '../pki/authority/server-certificate.ts';
import { certificatePaths } from '../pki/authority/cert-store.ts';
import { authorityFingerprint } from '../pki/x509/certificate-file.ts';
import { renewIfDue } from '../pki/authority/renewal.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { failureReason, followFile, loadFile } from '../lib/files/followed-file.ts';

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

interface Loaded {
  readonly certificate: ServerCertificate;
  readonly authority: ReturnType<CertificateKeeper['authority']>;
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
  const load = async (): Promise<Loaded> => {
    const certificate = await loadServerCertificate(source, today());
    for (const listener of listeners) listener(certificate);
    const pem = certificate.authority;
    for (const warning of certificate.warnings) logger.warn({ warning }, 'certificate');
    return {
      certificate,
      authority: pem === undefined ? undefined : { pem, sha256: authorityFingerprint(pem) },
    };
  };
  const renews = options.renew && options.certificate === undefined;

  const { current, check, close } = await followFile({
    paths,
    intervalMs: reloadMs,
    open: async () => {
      if (renews) await renew(directory, today(), logger);
      return loadFile(load);
    },
    logger,
    messages: {
      reloaded: 'certificate reloaded',
      refused: 'certificate not reloaded, the one before stays in force',
    },
    describe: ({ certificate: { fingerprint, notAfter } }) => ({ fingerprint, notAfter }),
    onReload: (result) => result.ok || options.onDamage?.(result.error),
  });
  const timer = setInterval(() => void (renews && renew(directory, today(), logger)), RENEWAL_LOOK_MS);
  timer.unref();
  return {
    current: () => current().certificate,
    authority: () => current().authority,
    onChange: (listener) => void listeners.push(listener),
    check,
    close: () => {
      close();
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

/** Renewing writes the files, and the watcher brings them in like any other change. */
async function renew(directory: string, now: Date, logger: Logger): Promise<void> {
  try {
    if ((await renewIfDue({ directory, now })) === 'renewed')
      logger.info({ directory }, 'certificate renewed');
  } catch (error) {
    // A missing certificate is for loading to report.
    if (error instanceof AppError && error.code === 'CERT_MISSING') return;
    logger.warn({ reason: failureReason(error) }, 'certificate due, but not renewed');
  }
}
