import type { KeyObject, X509Certificate } from 'node:crypto';
import { isSame, isMadeBy } from './certificate-file.ts';
import type { CertificateChain } from './client-verdicts.ts';
import { isSelfSigned } from './client-verdicts.ts';

/** At least the certificate of the server. */
export type Certificates = readonly [X509Certificate, ...X509Certificate[]];

/** The certificates of a file as they are sent. */
interface OrderedChain {
  /** The leaf, then what signed it, then what signed that. */
  readonly chain: Certificates;
  /** What was done to the file's own order, for a sentence: `one certificate stands in it twice`. */
  readonly notes: readonly string[];
}

/**
 * Puts the certificates of a file in the order in which they are sent: the leaf is the one that the key belongs to, each
 * of the others signed one before it. What is there twice, or belongs to another chain, is left out. Undefined where the
 * key belongs to none of them.
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

/** The certificate that clients trust, above a chain; a root that clients trust anyway where the directory has none. */
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

/** The chain between the leaf and what clients trust, which may be sent along. */
function below(anchor: X509Certificate, chain: Certificates): readonly X509Certificate[] {
  const place = chain.findIndex((certificate) => isSame(certificate, anchor));
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

/** All that signed the leaf, or one that signed it, in the order in which they are reached: a cross-signed CA is there twice with reason. */
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
    ...(doubled === 0 ? [] : [`${count(doubled)} in it again`]),
    ...(foreign === 0 ? [] : [`${count(foreign)} in it and not in the chain of the server's own`]),
    ...(isInOrder ? [] : ['its certificates are not in the order leaf, intermediate, CA']),
  ];
}

function count(number: number): string {
  return number === 1 ? 'one certificate stands' : `${number} certificates stand`;
}

function isCurrent({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate;
}
