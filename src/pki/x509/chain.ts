import type { KeyObject, X509Certificate } from 'node:crypto';
import { isSame, isMadeBy } from './certificate-file.ts';
import { isSelfSigned, type CertificateChain } from './client-verdicts.ts';

/** One or more certificates. */
export type Certificates = readonly [X509Certificate, ...X509Certificate[]];

/** The certificates of a file in the order in which they are sent. */
interface OrderedChain {
  /** The leaf, then its signer, then the signer of that one. */
  readonly chain: Certificates;
  /** How the file differs from the chain, for sentences: `one certificate is in it twice`. */
  readonly notes: readonly string[];
}

/**
 * Puts the certificates of a file in the order in which they are sent: the leaf, which is the one of this key, then those
 * that signed a certificate before them. Leaves out duplicates and certificates of other chains. Undefined if the key
 * matches none of them.
 */
export function orderChain(found: Certificates, key: KeyObject, now: Date): OrderedChain | undefined {
  const own = found.filter((certificate) => certificate.checkPrivateKey(key));
  const leaf = own.find((certificate) => isCurrent(certificate, now)) ?? own[0];
  if (leaf === undefined) return undefined;
  const unique = found.filter(
    (certificate, at) => found.findIndex((other) => isSame(certificate, other)) === at,
  );
  const chain = withSigners(leaf, unique);
  const notes = notesOf(found, unique, chain);
  return { chain, notes };
}

/** Finds the trust anchor of a chain: the certificate of ca.crt that signed it, else the self-signed certificate at its end, else a public root. */
export function anchorOf(
  chain: Certificates,
  authorities: readonly X509Certificate[],
  publicRoot: (certificate: X509Certificate) => X509Certificate | undefined,
): CertificateChain {
  const [leaf] = chain;
  const known = [...authorities, ...chain];
  const signer = authorities.find((one) =>
    chain.some((certificate) => isSame(certificate, one) || isMadeBy(certificate, one)),
  );
  if (signer !== undefined) {
    return { leaf, intermediates: below(signer, chain), anchor: signer, hasRoot: leadsToRoot(signer, known) };
  }
  const last = chain.at(-1) ?? leaf;
  const anchor = isSelfSigned(last) ? last : publicRoot(last);
  const intermediates = anchor === undefined ? chain.slice(1) : below(anchor, chain);
  return { leaf, intermediates, anchor, hasRoot: anchor !== undefined };
}

/** The intermediates: the chain between leaf and anchor, which may stand in it as another CA signed it. */
function below(anchor: X509Certificate, chain: Certificates): readonly X509Certificate[] {
  const place = chain.findIndex(
    ({ subject, publicKey }) => subject === anchor.subject && publicKey.equals(anchor.publicKey),
  );
  return chain.slice(1, place === -1 ? undefined : Math.max(place, 1));
}

function leadsToRoot(signer: X509Certificate, known: readonly X509Certificate[]): boolean {
  let certificate = signer;
  for (let depth = 0; depth < known.length; depth += 1) {
    if (isSelfSigned(certificate)) return true;
    const current = certificate;
    const above = known.find((one) => !isSame(one, current) && isMadeBy(current, one));
    if (above === undefined) return false;
    certificate = above;
  }
  return isSelfSigned(certificate);
}

/** The leaf and its direct and indirect signers, breadth first. A cross-signed CA is in the file twice on purpose. */
function withSigners(leaf: X509Certificate, found: readonly X509Certificate[]): Certificates {
  const chain: [X509Certificate, ...X509Certificate[]] = [leaf];
  for (const certificate of chain) {
    const signers = found.filter((other) => !chain.includes(other) && isMadeBy(certificate, other));
    chain.push(...signers);
  }
  return chain;
}

function notesOf(
  found: Certificates,
  unique: readonly X509Certificate[],
  chain: Certificates,
): readonly string[] {
  const doubled = found.length - unique.length;
  const foreign = unique.length - chain.length;
  const kept = unique.filter((certificate) => chain.includes(certificate));
  const isInOrder = kept.every((certificate, at) => certificate === chain[at]);
  return [
    ...(doubled === 0 ? [] : [`${count(doubled)} in it twice`]),
    ...(foreign === 0 ? [] : [`${count(foreign)} not part of the server's chain`]),
    ...(isInOrder ? [] : ['its certificates are not in the order leaf, intermediate, CA']),
  ];
}

function count(number: number): string {
  return number === 1 ? 'one certificate is' : `${number} certificates are`;
}

function isCurrent({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate;
}
