import type { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { Secret } from '../../lib/secret.ts';
import { anchorOf } from '../x509/chain.ts';
import {
  checkAuthorityDates,
  checkLeafDates,
  invalid,
  missingKey,
  unconnected,
} from '../x509/certificate-faults.ts';
import { fingerprintOf, isSame } from '../x509/certificate-file.ts';
import { judgeChain, type CertificateChain } from '../x509/client-verdicts.ts';
import type { Ending } from '../../lib/ending.ts';
import { SMALLEST_RSA, describeKey, keyToPem } from '../x509/key-pair.ts';
import { hasKey, readMaterial } from './material.ts';
import type { Material, ServerCertificateOptions, WholeMaterial } from './material.ts';
import { publicRootOf } from '../x509/public-roots.ts';
import { cureOf, describeRefusal, replacementCure } from '../x509/refusal.ts';
import type { CureContext, Refusal, CertificatePaths } from '../x509/refusal.ts';
import { renewalTime } from './renewal.ts';
import { DAY } from './validity.ts';
import { stat } from 'node:fs/promises';

export type { ServerCertificateOptions } from './material.ts';

/** The certificate and key of a TLS server, verified: they match, are in date, and chain to the CA that clients trust. */
export interface ServerCertificate {
  /** PEM: the leaf, then its chain. */
  readonly cert: string;
  /** PEM, PKCS#8. */
  readonly key: Secret<string>;
  /** DNS names and addresses of the subjectAltName. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the leaf: `AA:BB:...`. */
  readonly fingerprint: string;
  /** `ECDSA P-256`, `RSA-2048`. */
  readonly keyType: string;
  /** PEM of the certificates in `ca.crt`; undefined if there are none or the chain does not lead to them. */
  readonly authority: string | undefined;
  /** Which clients refuse the chain, and why, as far as the certificates show. */
  readonly refusals: readonly Refusal[];
  /** The expiry of each certificate that is sent, and of the CA. */
  readonly endings: readonly Ending[];
  /** What needs attention, refusals included, one sentence each. Expiry is in `endings`. */
  readonly warnings: readonly string[];
}

/**
 * Reads and verifies the server's certificate and key. Writes nothing: the directory may be mounted read-only. Throws
 * AppError CERT_MISSING if a file is absent, CERT_INVALID if no client could connect.
 *
 *     const { cert, key, names } = await loadServerCertificate({ directory: 'certs' }, new Date());
 *     names // ['registry.lan', '10.0.0.5']
 */
export async function loadServerCertificate(
  options: ServerCertificateOptions,
  now: Date,
): Promise<ServerCertificate> {
  const material = await readMaterial(options, now);
  if (!hasKey(material)) throw missingKey(material.context);
  const { chain, key, context } = material;
  // The CA first: if it has expired, a new certificate of it does not help.
  const { trusted, refusals, endings } = judge(material, now);
  checkMaterial(material, now);
  const [leaf] = chain;
  return {
    cert: chain.map(String).join(''),
    key: new Secret(keyToPem(key)),
    names: context.names,
    notBefore: leaf.validFromDate,
    notAfter: leaf.validToDate,
    fingerprint: fingerprintOf(leaf),
    keyType: describeKey(leaf.publicKey),
    authority: trusted ? material.authorities.map(String).join('') : undefined,
    refusals,
    endings,
    warnings: [
      ...material.notes.map((note) => `${context.paths.certificate}: ${note}; it is served in order.`),
      ...refusals.map((refusal) => `${describeRefusal(refusal, context.paths)} ${cureOf(refusal, context)}`),
      ...certificateWarnings(leaf, context.paths.certificate),
      ...(await permissionWarnings(context.paths)),
    ],
  };
}

function checkMaterial({ chain, key, context }: WholeMaterial, now: Date): void {
  const { paths } = context;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? SMALLEST_RSA;
  if (bits < SMALLEST_RSA) {
    throw invalid(
      `${paths.key} is an RSA key of ${bits} bits; clients refuse fewer than ${SMALLEST_RSA}.`,
      replacementCure(context),
    );
  }
  checkLeafDates(chain[0], context, now);
  try {
    createSecureContext({ cert: chain.map(String).join(''), key: keyToPem(key) });
  } catch (error) {
    throw invalid(
      `${paths.certificate} and ${paths.key} are refused by the TLS library: ${error instanceof Error ? error.message : String(error)}.`,
      replacementCure(context),
    );
  }
}

/** How to renew what the gate can't renew by itself. */
function renewalCure({ canRenew, present, paths }: CureContext): Pick<Ending, 'cure'> {
  if (canRenew) return {};
  const option = present.includes(paths.authorityKey) ? '--ca-passphrase-file FILE' : '--ca-key FILE';
  return { cure: `Renew it with the key of its CA: registry-gate certs renew ${option}` };
}

interface Judged {
  /** Whether the chain leads to ca.crt. */
  readonly trusted: boolean;
  readonly refusals: readonly Refusal[];
  readonly endings: readonly Ending[];
}

/** The gate renews its own certificate when a third of the lifetime is left, and checks several times a day: notice is given only once the renewal is half a day late. */
function noticeOf(leaf: X509Certificate, canRenew: boolean): Pick<Ending, 'noticeFrom'> {
  return canRenew ? { noticeFrom: new Date(renewalTime(leaf).getTime() + DAY / 2) } : {};
}

function judge({ chain, context, authorities }: Material, now: Date): Judged {
  const found = anchorOf(chain, authorities, publicRootOf);
  const { anchor, leaf } = found;
  const trusted = anchor !== undefined && authorities.some((authority) => isSame(authority, anchor));
  const [authority] = authorities;
  if (!trusted && context.isDefault && authority !== undefined) {
    throw unconnected(chain.at(-1) ?? leaf, authority, context);
  }
  if (trusted) checkAuthorityDates(anchor, context, now);
  return { trusted, refusals: judgeChain(found, now), endings: endingsOf(found, context, trusted) };
}

function endingsOf(
  { leaf, intermediates, anchor }: CertificateChain,
  context: CureContext,
  trusted: boolean,
): readonly Ending[] {
  const { certificate, authorityCertificate } = context.paths;
  const isOwn = trusted && context.isDefault && intermediates.length === 0;
  return [
    {
      kind: 'certificate',
      name: certificate,
      notAfter: leaf.validToDate,
      ...noticeOf(leaf, context.canRenew),
      ...(isOwn ? renewalCure(context) : {}),
    },
    ...intermediates.map((one) => ({
      kind: 'intermediate' as const,
      name: `an intermediate in ${certificate}`,
      notAfter: one.validToDate,
    })),
    ...(trusted && anchor !== undefined && !isSame(anchor, leaf)
      ? [{ kind: 'CA' as const, name: authorityCertificate, notAfter: anchor.validToDate }]
      : []),
  ];
}

const READABLE_BY_OTHERS = 0o044;

/** Warnings about a valid certificate that some clients refuse, one sentence each. */
function certificateWarnings(leaf: X509Certificate, path: string): string[] {
  const warnings: string[] = [];
  if (leaf.subjectAltName === undefined) {
    warnings.push(
      `${path} names no host (no subjectAltName): docker, podman and others refuse it. Make one with names: registry-gate certs renew --host NAME-OR-ADDRESS`,
    );
  }
  if (leaf.publicKey.asymmetricKeyType?.startsWith('ed') === true) {
    warnings.push(`${path} has an Edwards-curve key, which browsers refuse; use ECDSA P-256.`);
  }
  return warnings;
}

/** One sentence for each private key that users other than its owner can read. */
async function permissionWarnings(paths: CertificatePaths): Promise<string[]> {
  const found = await Promise.all([paths.key, paths.authorityKey].map(permissionWarning));
  return found.flat();
}

async function permissionWarning(path: string): Promise<string[]> {
  const mode = await stat(path).then(
    (file) => file.mode & 0o777,
    () => 0,
  );
  if ((mode & READABLE_BY_OTHERS) === 0) return [];
  return [`${path} can be read by others (mode 0${mode.toString(8)}): chmod 600 ${path}`];
}
