import type { KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { PURPOSE, traitsOf, type CertificateTraits } from './certificate-traits.ts';
import { isMadeBy, namesOf } from './certificate-file.ts';
import { certificateParts } from './der-reader.ts';
import { SMALLEST_RSA } from './key-pair.ts';
import { namesOutside } from './name-constraints.ts';
import { CLIENTS, type Client, type Refusal, type Role } from './refusal.ts';

/** The chain that a server sends, and its trust anchor. */
export interface CertificateChain {
  readonly leaf: X509Certificate;
  /** The signer of the leaf first. A root among them is not judged: clients ignore it. */
  readonly intermediates: readonly X509Certificate[];
  /** The certificate that clients trust and that signed the last of the chain; undefined if it is not known. */
  readonly anchor: X509Certificate | undefined;
  /** Whether clients that want a self-signed certificate at the top of the chain find one. */
  readonly hasRoot: boolean;
}

type Finding = readonly [fault: string, clients: readonly Client[]] | undefined;

const EVERY: readonly Client[] = CLIENTS;
const BY_OPENSSL: readonly Client[] = ['curl', 'openssl', 'node', 'strict'];
const ALL_BUT_GO: readonly Client[] = ['curl', 'openssl', 'node', 'gnutls', 'strict'];
const ALL_BUT_GNUTLS: readonly Client[] = ['go', 'curl', 'openssl', 'node', 'strict'];
/** Signature algorithms: MD5 and SHA-1 with RSA, SHA-1 with ECDSA (contents of the object identifiers). */
const WEAK_SIGNATURES = new Set(['2a864886f70d010104', '2a864886f70d010105', '2a8648ce3d0401']);
const SERVER_CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const AUTHORITY_CURVES = new Set([...SERVER_CURVES, 'secp224r1']);

/**
 * Tells which clients refuse this chain now, and why. Pure. The verdicts are those of real clients:
 * test/pki/x509/client-verdicts.heavy.test.ts runs them, and docs/certificates.md has the table.
 */
export function judgeChain(chain: CertificateChain, now: Date): readonly Refusal[] {
  const { leaf, intermediates, anchor } = chain;
  const middle = intermediates.filter((certificate) => !isSelfSigned(certificate));
  const isAlone = anchor !== undefined && anchor.raw.equals(leaf.raw);
  return [
    ...refusals('certificate', judgeLeaf(leaf, now)),
    ...middle.flatMap((certificate, at) =>
      refusals(
        'intermediate',
        judgeIntermediate(certificate, { leaf, below: depth(middle.slice(0, at)), now }),
      ),
    ),
    ...(anchor === undefined || isAlone
      ? []
      : refusals('CA', judgeAnchor(anchor, { leaf, below: depth(middle), now, hasRoot: chain.hasRoot }))),
    ...(anchor === undefined ? [unanchored(intermediates.at(-1) ?? leaf)] : []),
  ];
}

/** Whether a certificate is its own issuer. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && isMadeBy(certificate, certificate);
}

/** The number of CAs. A cross-signed CA is in the list twice, and counts once. */
function depth(certificates: readonly X509Certificate[]): number {
  return new Set(certificates.map(({ subject }) => subject)).size;
}

function unanchored(last: X509Certificate): Refusal {
  const issuer = (last.issuer ?? '').split('\n').join(', ');
  return {
    role: 'certificate',
    fault: `leads to "${issuer}", whose certificate is neither in the file, nor in ca.crt, nor among the roots that this machine trusts`,
    clients: EVERY,
    isMissing: true,
  };
}

function refusals(role: Role, findings: readonly Finding[]): Refusal[] {
  return findings.flatMap((found) =>
    found === undefined ? [] : [{ role, fault: found[0], clients: found[1] }],
  );
}

function judgeLeaf(leaf: X509Certificate, now: Date): Finding[] {
  const traits = traitsOf(leaf);
  return [
    ...judgeAny(leaf, traits, now),
    judgePurposes(traits, EVERY),
    judgeServerUsages(traits),
    judgeServerKey(leaf.publicKey),
    judgeNames(leaf),
  ];
}

interface Above {
  readonly leaf: X509Certificate;
  /** How many intermediates stand between it and the leaf. */
  readonly below: number;
  readonly now: Date;
}

function judgeIntermediate(certificate: X509Certificate, above: Above): Finding[] {
  const traits = traitsOf(certificate);
  return [
    ...judgeSigner(certificate, traits, above),
    judgePurposes(traits, EVERY),
    traits.isAuthority === true
      ? undefined
      : ['may not sign certificates (basicConstraints does not say CA:TRUE)', EVERY],
  ];
}

function judgeAnchor(certificate: X509Certificate, above: Above & { readonly hasRoot: boolean }): Finding[] {
  const traits = traitsOf(certificate);
  const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? SMALLEST_RSA;
  return [
    ...judgeSigner(certificate, traits, above),
    judgePurposes(traits, ALL_BUT_GNUTLS),
    judgeAuthority(traits),
    bits < SMALLEST_RSA ? [`has an RSA key of ${bits} bits`, BY_OPENSSL] : undefined,
    above.hasRoot ? undefined : ['is not a root: it was signed by another CA', ['openssl', 'node', 'strict']],
  ];
}

/** The rules for both roots and intermediates. */
function judgeSigner(certificate: X509Certificate, traits: CertificateTraits, above: Above): Finding[] {
  const { leaf, below, now } = above;
  const outside = namesOutside(certificate, namesOf(leaf));
  const curve = certificate.publicKey.asymmetricKeyDetails?.namedCurve;
  return [
    ...judgeAny(certificate, traits, now),
    traits.usages?.has('keyCertSign') === false
      ? ['may not sign certificates (keyUsage lacks keyCertSign)', EVERY]
      : undefined,
    below > (traits.pathLength ?? below)
      ? [`allows ${traits.pathLength} certificates of CAs below it (pathlen), and there are ${below}`, EVERY]
      : undefined,
    outside.length > 0 ? [`must not sign ${outside.join(', ')} (nameConstraints)`, EVERY] : undefined,
    curve === undefined || AUTHORITY_CURVES.has(curve)
      ? undefined
      : [`has a key on the curve ${curve}`, ['go', 'node', 'gnutls']],
  ];
}

function judgeAuthority({ version, isAuthority, usages }: CertificateTraits): Finding {
  if (version === 1) return ['is of X.509 version 1', ['strict']];
  if (isAuthority === true) return undefined;
  if (isAuthority === false) return ['is not that of a CA (basicConstraints says CA:FALSE)', EVERY];
  return [
    'does not say that it is a CA (no basicConstraints)',
    usages === undefined ? ALL_BUT_GNUTLS : ['go', 'strict'],
  ];
}

function judgeAny(certificate: X509Certificate, traits: CertificateTraits, now: Date): Finding[] {
  const { validFromDate, validToDate } = certificate;
  const algorithm = certificateParts(certificate).signatureAlgorithm;
  return [
    validFromDate > now ? [`is valid from ${validFromDate.toISOString()} only`, EVERY] : undefined,
    validToDate < now ? [`expired on ${validToDate.toISOString()}`, EVERY] : undefined,
    traits.hasUnknownCritical ? ['has a critical extension that clients do not know', EVERY] : undefined,
    WEAK_SIGNATURES.has(algorithm) && !isSelfSigned(certificate)
      ? ['is signed with SHA-1 or MD5', EVERY]
      : undefined,
  ];
}

function judgePurposes({ purposes }: CertificateTraits, refusing: readonly Client[]): Finding {
  if (purposes === undefined || purposes.has(PURPOSE.server)) return undefined;
  return purposes.has(PURPOSE.any)
    ? ['is not for servers by name (extendedKeyUsage says any, and not serverAuth)', BY_OPENSSL]
    : ['is not for servers (extendedKeyUsage lacks serverAuth)', refusing];
}

function judgeServerUsages({ usages }: CertificateTraits): Finding {
  if (usages === undefined || usages.has('digitalSignature')) return undefined;
  const clients: readonly Client[] =
    usages.has('keyEncipherment') || usages.has('keyAgreement') ? ['gnutls'] : ALL_BUT_GO;
  return ['may not sign handshakes (keyUsage lacks digitalSignature)', clients];
}

function judgeServerKey(key: KeyObject): Finding {
  if (key.asymmetricKeyType === 'rsa-pss') return ['has an RSA-PSS key', ['go']];
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === undefined || SERVER_CURVES.has(curve)
    ? undefined
    : [`has a key on the curve ${curve}`, EVERY];
}

/** Clients compare an address only with IP entries (RFC 6125 section 6.4.4, RFC 9110 section 4.3.5). */
function judgeNames(leaf: X509Certificate): Finding {
  const names = namesOf(leaf);
  const addresses = names.filter(({ kind, value }) => kind === 'dns' && isIP(value) !== 0);
  const wrong = addresses.filter(
    ({ value }) => !names.some((name) => name.kind === 'ip' && name.value === value),
  );
  if (wrong.length === 0) return undefined;
  return [
    `names ${wrong.map(({ value }) => value).join(', ')} as a host name (DNS) and not as an address (IP)`,
    EVERY,
  ];
}
