import type { X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { readIfPresent } from '../authority/cert-store.ts';
import { download } from './authority-source.ts';
import { namesBeyond } from '../x509/wider-names.ts';
import { isSame, isSignedBy, parseCertificates } from '../x509/certificate-file.ts';

interface FollowOptions {
  /** `https://HOST[:PORT]` of a gate. */
  readonly url: string;
  /** PEM of the CAs that are trusted today. */
  readonly trusted: string;
  readonly now: Date;
  /** Time limit. Default: 10 000. */
  readonly timeoutMs?: number;
}

/**
 * Fetches the CA that is to replace a trusted one, over TLS that a trusted one has to verify, and returns what to trust from
 * now on as PEM: the same, and the new CA if there is one that a trusted one has signed. Throws AppError TRUST_FAILED for any
 * other, and for one that may sign names which the one that introduces it must not: its own certificate, which clients then
 * trust, lacks the bounds of the old one.
 */
export async function followAuthority({ url, trusted, now, timeoutMs }: FollowOptions): Promise<string> {
  const authorities = parseCertificates(trusted, 'the trusted CA');
  const text = await download(new URL('/ca-next.crt', url), {
    trusted,
    isOptional: true,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const pem = authorities.map(String).join('');
  if (text === undefined) return pem;
  const [next, cross] = parseCertificates(text, `${url}/ca-next.crt`);
  if (authorities.some((one) => isSame(one, next))) return pem;
  const reason =
    cross === undefined ? 'no trusted CA has signed it' : faultOf(next, cross, { authorities, now });
  if (reason === undefined) return pem + next.toString();
  throw new AppError('TRUST_FAILED', {
    message: `The new CA that ${url} announces is not to be trusted: ${reason}. Nothing was installed.`,
    hint: 'On the server, look at it: registry-gate certs status. If it is right, trust it by its fingerprint: --from URL --fingerprint HEX',
  });
}

/**
 * Throws AppError TRUST_FAILED if a file holds anything but certificates that its new content holds too. Following needs no
 * --force, so nothing may be lost by it.
 */
export async function checkKept(path: string, content: string): Promise<void> {
  const before = ((await readIfPresent(path)) ?? '').trim();
  const kept = parseCertificates(content, path);
  const isKept =
    before === '' || (before.includes('BEGIN CERT') && parseCertificates(before, path).every(isAmong(kept)));
  if (isKept) return;
  throw new AppError('TRUST_FAILED', {
    message: `${path} holds something else than the CA that is followed. Nothing was changed.`,
    hint: `Follow what this file trusts: --ca ${path}. Or look at it, and remove it.`,
  });
}

function isAmong(kept: readonly X509Certificate[]): (certificate: X509Certificate) => boolean {
  return (certificate) => kept.some((one) => isSame(one, certificate));
}

const MOST_NAMES = 5;

interface Trusted {
  readonly authorities: readonly X509Certificate[];
  readonly now: Date;
}

function faultOf(
  next: X509Certificate,
  cross: X509Certificate,
  { authorities, now }: Trusted,
): string | undefined {
  if (!next.ca || !isSignedBy(next, next)) return 'it is not the certificate of a CA of its own';
  if (!isValid(next, now)) return 'it is not valid now';
  const isSameAuthority = cross.subject === next.subject && cross.publicKey.equals(next.publicKey);
  if (!isSameAuthority) return 'what introduces it is the certificate of another CA';
  if (!isValid(cross, now)) return 'what introduces it is not valid now';
  const signers = cross.ca ? authorities.filter((one) => isSignedBy(cross, one)) : [];
  return signers.length === 0 ? 'no trusted CA has signed it' : boundsFault(next, signers);
}

/** The successor is no more than what one of those that introduce it may be. */
function boundsFault(next: X509Certificate, signers: readonly X509Certificate[]): string | undefined {
  const beyond = signers.map((one) => namesBeyond(next, one));
  if (beyond.some((names) => names.length === 0)) return undefined;
  return `it may sign for ${(beyond[0] ?? []).slice(0, MOST_NAMES).join(', ')}, and the trusted CA must not`;
}

function isValid({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate;
}
