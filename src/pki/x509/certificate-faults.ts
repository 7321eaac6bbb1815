import type { X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { cureOf, hostFlags, newAuthorityCure, replacementCure, type CureContext } from './refusal.ts';

export function invalid(message: string, hint: string): AppError {
  return new AppError('CERT_INVALID', { message, hint });
}

/** The certificate does not exist. `hasKey` says whether its key does. */
export function missingCertificate(path: string, hasKey: boolean): AppError {
  return new AppError('CERT_MISSING', {
    message: `${path}, the certificate of the server, does not exist.`,
    hint: hasKey
      ? 'Restore it, or make a new key and certificate: registry-gate certs init --force --host NAME-OR-ADDRESS'
      : 'Make it: registry-gate certs init --host NAME-OR-ADDRESS (or name the directory that has it: --certs DIR)',
  });
}

/** The certificate exists, but not its key. */
export function missingKey(context: CureContext): AppError {
  return new AppError('CERT_MISSING', {
    message: `${context.paths.key}, the private key of the server, does not exist.`,
    hint: `Restore it, or replace the pair. ${replacementCure(context)}`,
  });
}

/** The key does not match the certificate. */
export function mismatch(context: CureContext): AppError {
  const { key, certificate } = context.paths;
  return invalid(
    `${key} does not belong to ${certificate}: the key and the certificate are of two different pairs.`,
    `Restore the two that belong together, or replace them. ${replacementCure(context)}`,
  );
}

/** Throws AppError CERT_INVALID if the server's certificate has expired or is not valid yet. */
export function checkLeafDates(certificate: X509Certificate, context: CureContext, now: Date): void {
  const { paths, canRenew } = context;
  if (certificate.validToDate < now) {
    throw invalid(
      `${paths.certificate} expired on ${certificate.validToDate.toISOString()}.`,
      canRenew
        ? 'Make a new one of the same CA: registry-gate certs renew'
        : `Get a new one from its CA, and install it with its key as ${paths.certificate} and ${paths.key}. ${context.isDefault ? replacementCure(context) : ''}`.trim(),
    );
  }
  if (certificate.validFromDate > now) {
    throw invalid(
      early(paths.certificate, certificate, now),
      `${CLOCK}. If it is right: ${replacementCure(context)}`,
    );
  }
}

/** Throws AppError CERT_INVALID if the CA has expired or is not valid yet: clients refuse what it signed. */
export function checkAuthorityDates(
  authority: X509Certificate,
  context: Omit<CureContext, 'canRenew'>,
  now: Date,
): void {
  const path = context.paths.authorityCertificate;
  if (authority.validToDate < now) {
    throw invalid(
      `${path}, the CA, expired on ${authority.validToDate.toISOString()}: clients refuse everything that it signed.`,
      newAuthorityCure(context),
    );
  }
  if (authority.validFromDate > now) {
    throw invalid(
      early(path, authority, now),
      `${CLOCK}. If it is right, the CA was made while a clock was wrong. ${newAuthorityCure(context)}`,
    );
  }
}

/** The chain does not lead to the CA of the directory. */
export function unconnected(
  last: X509Certificate,
  authority: X509Certificate,
  context: CureContext,
): AppError {
  const { paths } = context;
  const hasSameName = last.issuer === authority.subject;
  if (hasSameName) {
    return invalid(
      `${paths.certificate} was signed by another CA that has the name of ${paths.authorityCertificate}, but not its key.`,
      `Restore the right ca.crt, or make a new certificate: registry-gate certs init --force ${hostFlags(context.names)}`,
    );
  }
  const issuer = last.issuer.split('\n').join(', ');
  return invalid(
    `${paths.certificate} does not chain to ${paths.authorityCertificate}: its last certificate was signed by "${issuer}".`,
    `${cureOf({ role: 'certificate', fault: '', clients: [], isMissing: true }, context)} If it comes from a public CA, remove ca.crt.`,
  );
}

const CLOCK = 'Check the clock of this machine (timedatectl)';

function early(path: string, certificate: X509Certificate, now: Date): string {
  return `${path} is valid from ${certificate.validFromDate.toISOString()} only, and the clock says ${now.toISOString()}.`;
}
