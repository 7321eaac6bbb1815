import type { X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import type { CureContext } from './refusal.ts';
import { cureOf, hostFlags, newAuthorityCure, replacementCure } from './refusal.ts';

/** CERT_INVALID. */
export function invalid(message: string, hint: string): AppError {
  return new AppError('CERT_INVALID', { message, hint });
}

/** There is no certificate. A key that stands alone is replaced with it. */
export function missingCertificate(path: string, hasKey: boolean): AppError {
  return new AppError('CERT_MISSING', {
    message: `${path}, the certificate of the server, does not exist.`,
    hint: hasKey
      ? 'Bring it back, or make a new key and certificate: registry-gate certs init --force --host NAME-OR-ADDRESS'
      : 'Make it: registry-gate certs init --host NAME-OR-ADDRESS (or name the directory that has it: --certs DIR)',
  });
}

/** There is a certificate without its key. */
export function missingKey(context: CureContext): AppError {
  return new AppError('CERT_MISSING', {
    message: `${context.paths.key}, the private key of the server, does not exist.`,
    hint: `Bring it back, or replace the pair. ${replacementCure(context)}`,
  });
}

/** Key and certificate are of two different pairs. */
export function mismatch(context: CureContext): AppError {
  const { key, certificate } = context.paths;
  return invalid(
    `${key} does not belong to ${certificate}: the key and the certificate are of two different pairs.`,
    `Bring back the two that belong together, or replace them. ${replacementCure(context)}`,
  );
}

/** Throws AppError CERT_INVALID where the server's certificate has expired or is not valid yet. */
export function checkLeafDates(certificate: X509Certificate, context: CureContext, now: Date): void {
  const { paths, canRenew } = context;
  if (certificate.validToDate < now) {
    throw invalid(
      `${paths.certificate} expired on ${certificate.validToDate.toISOString()}.`,
      canRenew
        ? 'Make a new one of the same CA: registry-gate certs renew'
        : `Put a new one from its CA in place as ${paths.certificate}, with its key. ${context.isDefault ? replacementCure(context) : ''}`.trim(),
    );
  }
  if (certificate.validFromDate > now) {
    throw invalid(
      early(paths.certificate, certificate, now),
      `${CLOCK}. If it is right: ${replacementCure(context)}`,
    );
  }
}

/** Throws AppError CERT_INVALID where the CA that signed it has expired or is not valid yet: no client takes what it signed. */
export function checkAuthorityDates(
  authority: X509Certificate,
  context: Omit<CureContext, 'canRenew'>,
  now: Date,
): void {
  const path = context.paths.authorityCertificate;
  if (authority.validToDate < now) {
    throw invalid(
      `${path}, the CA, expired on ${authority.validToDate.toISOString()}: nothing that it signed is trusted any more.`,
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

/** The chain does not lead up to the CA of the directory. */
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
      `Bring back the right ca.crt, or make a new certificate: registry-gate certs init --force ${hostFlags(context.names)}`,
    );
  }
  const issuer = last.issuer.split('\n').join(', ');
  return invalid(
    `${paths.certificate} does not lead up to ${paths.authorityCertificate}: its last certificate was signed by "${issuer}".`,
    `${cureOf({ role: 'certificate', fault: '', clients: [], isMissing: true }, context)} Where it comes from a public CA, remove ca.crt.`,
  );
}

const CLOCK = 'Check the clock of this machine (timedatectl)';

function early(path: string, certificate: X509Certificate, now: Date): string {
  return `${path} is valid from ${certificate.validFromDate.toISOString()} only, and the clock says ${now.toISOString()}.`;
}
