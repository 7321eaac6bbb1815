import { join } from 'node:path';
import type { ServerCertificate, ServerCertificateOptions } from '../../pki/authority/server-certificate.ts';
import { loadServerCertificate } from '../../pki/authority/server-certificate.ts';
import { certificatePaths, readIfPresent, revocationListPath } from '../../pki/authority/cert-store.ts';
import { PAIRS, readAnnouncement } from '../../pki/authority/rollover-state.ts';
import { authorityFingerprints } from '../../pki/x509/certificate-file.ts';
import { renewIfDue } from '../../pki/authority/renewal.ts';
import { renewListIfDue } from '../../pki/authority/revocation.ts';
import type { Bus } from '../../cluster/bus.ts';
import type { Config } from '../../config/schema/schema.ts';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { failureReason, followFile, loadFile } from '../../lib/files/followed-file.ts';
import type { Audit } from '../observe/audit.ts';

/** What clients may know of the CA. */
interface PublicAuthority {
  /** PEM of its certificate and, while a rollover goes on, of the other CA. */
  readonly pem: string;
  /** SHA-256 of the first certificate. */
  readonly sha256: string;
  /** SHA-256 of each certificate. */
  readonly fingerprints: readonly string[];
  /** PEM of the new CA and of the same as the old one signed it, while a rollover goes on. */
  readonly announcement: string | undefined;
  /** PEM of the list of what it revoked, if it did. */
  readonly revocations: string | undefined;
}

/** The certificate in force. */
export interface CertificateKeeper {
  current(): ServerCertificate;
  authority(): PublicAuthority | undefined;
  /** `listener` is called with each new certificate, before it comes into force. */
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

/**
 * Loads the certificate, follows its files, and renews one of the directory's own CA where it is due. A file that cannot
 * be used leaves the certificate before in force. Throws AppError where the first one cannot be loaded.
 */
export async function followCertificate(
  config: Pick<Config, 'certs' | 'tls' | 'renew' | 'reloadMs' | 'caPassphraseFile'>,
  { slot }: Pick<Bus, 'slot'>,
  logger: Logger,
  audit: Pick<Audit, 'noteReload'> | undefined,
): Promise<CertificateKeeper> {
  const { certs: directory, tls, caPassphraseFile: passphraseFile } = config;
  const source = { ...sourceOf(directory, tls), passphraseFile };
  const listeners: ((certificate: ServerCertificate) => void)[] = [];
  const load = async (): Promise<Loaded> => {
    const loaded = await loadFrom(source, logger);
    for (const listener of listeners) listener(loaded.certificate);
    return loaded;
  };
  const renewal = (): Promise<void> => renew({ directory, now: new Date(), passphraseFile }, logger);
  // The first worker renews; the others follow the files.
  const renews = config.renew && slot === 0 && tls.certificate === undefined;

  const { current, check, close } = await followFile({
    paths: pathsOf(directory, tls),
    intervalMs: config.reloadMs,
    open: async () => {
      if (renews) await renewal();
      return loadFile(load);
    },
    logger,
    messages: {
      reloaded: 'certificate reloaded',
      refused: 'certificate not reloaded, the one before stays in force',
    },
    describe: ({ certificate: { fingerprint, notAfter } }) => ({ fingerprint, notAfter }),
    onReload: (result) => audit?.noteReload('certificate', result.ok ? undefined : result.error),
  });
  const timer = setInterval(() => void (renews && renewal()), RENEWAL_LOOK_MS);
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

async function loadFrom(source: ServerCertificateOptions, logger: Logger): Promise<Loaded> {
  const certificate = await loadServerCertificate(source, new Date());
  const pem = certificate.authority;
  for (const warning of certificate.warnings) logger.warn({ warning }, 'certificate');
  return {
    certificate,
    authority: pem === undefined ? undefined : await publish(pem, source.directory),
  };
}

async function publish(pem: string, directory: string): Promise<PublicAuthority> {
  const fingerprints = authorityFingerprints(pem);
  return {
    pem,
    sha256: fingerprints[0],
    fingerprints,
    announcement: await readAnnouncement(directory),
    revocations: await readIfPresent(revocationListPath(directory)),
  };
}

function pathsOf(directory: string, { certificate, key }: Config['tls']): readonly string[] {
  const defaults = certificatePaths(directory);
  return [
    certificate ?? defaults.certificate,
    key ?? defaults.key,
    defaults.authorityCertificate,
    revocationListPath(directory),
    join(directory, `${PAIRS.next}.crt`),
    join(directory, `${PAIRS.previous}.crt`),
  ];
}

function sourceOf(directory: string, { certificate, key }: Config['tls']): ServerCertificateOptions {
  return {
    directory,
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Renews the files; the watcher then loads them like any other change. */
async function renew(options: Parameters<typeof renewIfDue>[0], logger: Logger): Promise<void> {
  const { directory } = options;
  try {
    if ((await renewIfDue(options)) === 'renewed') logger.info({ directory }, 'certificate renewed');
    if ((await renewListIfDue(options)) === 'renewed')
      logger.info({ directory }, 'list of revoked certificates renewed');
  } catch (error) {
    // Loading reports a missing certificate.
    if (error instanceof AppError && error.code === 'CERT_MISSING') return;
    logger.warn({ reason: failureReason(error) }, 'certificate due, but not renewed');
  }
}
