import type { X509Certificate } from 'node:crypto';
import { createHash } from 'node:crypto';
import { request } from 'node:https';
import { TLSSocket } from 'node:tls';
import { AppError } from '../../lib/errors.ts';
import { certificatePaths, readIfPresent } from '../authority/cert-store.ts';
import { parseCertificates } from '../x509/certificate-file.ts';

interface DownloadOptions {
  /** `https://HOST[:PORT]` of a gate. */
  readonly url: string;
  /** SHA-256 of the CA certificate, in hexadecimal, colons and capitals as one likes. */
  readonly fingerprint: string;
  /** Told with which certificate the server answered. Nobody has verified it. */
  readonly onServer?: (certificate: X509Certificate) => void;
  /** Milliseconds until the download is given up. */
  readonly timeoutMs?: number;
}

const LARGEST = 64 * 1024;

/** Reads the CA certificate from a file: PEM of that certificate alone. Throws AppError CERT_MISSING, CERT_INVALID. */
export async function readAuthorityFile(path: string): Promise<string> {
  const text = await readIfPresent(path);
  if (text !== undefined) return checkAuthority(text, path);
  throw new AppError('CERT_MISSING', {
    message: `${path} does not exist: there is no CA certificate to trust.`,
    hint: 'On the server: registry-gate certs init --host NAME. Elsewhere: --from https://HOST --fingerprint HEX, or --ca FILE',
  });
}

/** Reads `ca.crt` of a certs directory. */
export async function readAuthorityOf(directory: string): Promise<string> {
  return readAuthorityFile(certificatePaths(directory).authorityCertificate);
}

/**
 * Fetches `/ca.crt` of a gate that is not trusted yet, and returns it only if it is the certificate that the fingerprint
 * speaks of: whoever sits in between can refuse, and not deceive. Throws AppError TRUST_FAILED, CERT_INVALID, USAGE.
 */
export async function downloadAuthority(options: DownloadOptions): Promise<string> {
  const expected = options.fingerprint.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(expected)) {
    throw new AppError('USAGE', {
      message: '--fingerprint takes a SHA-256: 64 hexadecimal digits.',
      hint: 'It is what the server says: registry-gate certs status',
    });
  }
  const url = caUrl(options.url);
  const text = await download(url, options);
  const pem = checkAuthority(text, url.href);
  const actual = createHash('sha256').update(parseCertificates(pem, url.href)[0].raw).digest('hex');
  if (actual === expected) return pem;
  throw new AppError('TRUST_FAILED', {
    message: `${url.href} is not the CA that was expected: its SHA-256 is ${actual}. Nothing was installed.`,
    hint: 'Was it the one under CA, and not the one of the certificate? Compare with the server itself (registry-gate certs status). If that says the same as before, somebody sits in between.',
  });
}

/** The one CA certificate in a text, as PEM of its own; whatever is not that is refused, a private key above all. */
export function checkAuthority(text: string, source: string): string {
  if (/^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/m.test(text)) {
    throw invalid(
      `${source} holds a private key, which has no business on a client.`,
      'Take the file that holds the CA certificate alone: ca.crt',
    );
  }
  const [certificate, ...more] = parseCertificates(text, source);
  if (more.length > 0) {
    throw invalid(
      `${source} holds ${more.length + 1} certificates; expected is the one of the CA.`,
      'Take ca.crt, not a chain.',
    );
  }
  if (!certificate.ca) throw notAuthority(certificate, source);
  return certificate.toString();
}

function caUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return new URL('/ca.crt', url);
  throw new AppError('USAGE', {
    message: `--from takes https://HOST[:PORT], not "${text}".`,
    hint: 'Such as --from https://registry.lan --fingerprint HEX',
  });
}

/** Without verification: that is what the fingerprint is for. */
async function download(url: URL, { timeoutMs = 10_000, onServer }: DownloadOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = {
    rejectUnauthorized: false,
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  } as const;
  const call = request(url, options, (response) => {
    const certificate =
      response.socket instanceof TLSSocket ? response.socket.getPeerX509Certificate() : undefined;
    if (certificate !== undefined) onServer?.(certificate);
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST) call.destroy(new Error('the answer is too long for a certificate'));
      chunks.push(chunk);
    });
    response.on('error', reject);
    response.on('end', () => {
      if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('latin1'));
      else reject(new Error(`the answer was ${response.statusCode ?? 'none'}`));
    });
  });
  call.on('error', reject);
  call.end();
  return promise.catch((error: unknown) => {
    throw new AppError('TRUST_FAILED', {
      message: `${url.href} can't be fetched: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Is the gate running there, and the port right? Else copy ca.crt from the server and name it with --ca FILE.',
      cause: error,
    });
  });
}

function notAuthority(certificate: X509Certificate, source: string): AppError {
  return invalid(
    `${source} is not the certificate of a CA but of ${certificate.subject.split('\n').join(', ')}: trusting it would end with its renewal.`,
    'Take ca.crt, the certificate that signed it.',
  );
}

function invalid(message: string, hint: string): AppError {
  return new AppError('CERT_INVALID', { message, hint });
}
