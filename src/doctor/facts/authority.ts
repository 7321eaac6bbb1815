import type { X509Certificate } from 'node:crypto';
import { checkAuthority } from '../../pki/trust/authority-source.ts';
import {
  authorityFingerprint,
  isMadeBy,
  isSame,
  parseCertificates,
} from '../../pki/x509/certificate-file.ts';
import { isSelfSigned } from '../../pki/x509/client-verdicts.ts';
import type { Answer } from './ask.ts';

/** The certificate that clients have to trust for a server, and how this machine knows of it. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly pem: string;
  /** SHA-256, 64 hexadecimal digits. */
  readonly sha256: string;
  /**
   * `configuration`: `ca.crt` of the gate here. `file`: the one that `--ca` names. `gate`: `/ca.crt` of the server.
   * `chain`: the server sends it in its handshake.
   */
  readonly source: 'configuration' | 'file' | 'gate' | 'chain';
  /** The file of `--ca`, where it is the source. */
  readonly path?: string;
  /** Whether more than the connection says that it is the right one, which anybody in between could have forged. */
  readonly isProven: boolean;
}

/** What is known beside the connection. */
export interface AuthorityHints {
  /** PEM of `ca.crt` in the certs directory, where the gate here is the one that is asked. */
  readonly ownAuthority: string | undefined;
  /** PEM of the file of `--ca`. */
  readonly givenAuthority: string | undefined;
  /** Of `--fingerprint`: 64 hexadecimal digits in lower case. */
  readonly fingerprint: string | undefined;
  /** What some trust store of this machine trusts already. */
  readonly trusted: readonly X509Certificate[];
}

/** Finds the CA that signed a chain. Undefined if none is known that did. */
export function findAuthority(
  chain: readonly X509Certificate[],
  download: Answer | undefined,
  hints: AuthorityHints,
): Authority | undefined {
  const candidates: readonly (readonly [Authority['source'], string | undefined])[] = [
    ['configuration', hints.ownAuthority],
    ['file', hints.givenAuthority],
    ['gate', download?.status === 200 ? download.text : undefined],
    ['chain', chain.findLast((one) => isSelfSigned(one))?.toString()],
  ];
  for (const [source, pem] of candidates) {
    const found = pem === undefined ? undefined : read(pem, source, hints);
    if (found !== undefined && isAnchor(found.certificate, chain)) return found;
  }
  return undefined;
}

/** Whether a certificate is in a chain, or signed one of it: who trusts it trusts the chain. */
export function isAnchor(authority: X509Certificate, chain: readonly X509Certificate[]): boolean {
  return chain.some((one) => isSame(one, authority) || isMadeBy(one, authority));
}

function read(text: string, source: Authority['source'], hints: AuthorityHints): Authority | undefined {
  try {
    // A leaf that signed itself is what a server without a CA makes clients trust.
    // While a rollover goes on, the gate sends two: the one in force first.
    const first = parseCertificates(text, source)[0].toString();
    const pem = source === 'gate' ? checkAuthority(first, '/ca.crt') : text;
    const [certificate] = parseCertificates(pem, source);
    const sha256 = authorityFingerprint(pem);
    const isKnown = hints.trusted.some((one) => isSame(one, certificate));
    const isProven =
      source === 'configuration' || source === 'file' || isKnown || sha256 === hints.fingerprint;
    return { certificate, pem: certificate.toString(), sha256, source, isProven };
  } catch {
    return undefined;
  }
}
