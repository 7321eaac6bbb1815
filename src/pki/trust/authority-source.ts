import { createHash, type X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { TLSSocket } from 'node:tls';
import { AppError } from '../../lib/errors.ts';
import { certificatePaths, readIfPresent } from '../authority/cert-store.ts';
import { parseCertificates } from '../x509/certificate-file.ts';

interface DownloadOptions {
  /** `https://HOST[:PORT]` of a gate. */
  readonly url: string;
  /** SHA-256 of the CA certificate in hexadecimal; colons and case do not matter. */
  readonly fingerprint: string;
  /** Called with the certificate of the server, which is not verified. */
  readonly onServer?: (certificate: X509Certificate) => void;
  /** Time limit of the download. Default: 10 000. */
  readonly timeoutMs?: number;
}

const LARGEST = 64 * 1024;

/** Reads a file that holds the CA certificate, and returns that as PEM. Throws AppError CERT_MISSING, CERT_INVALID. */
export async function readAuthorityFile(path: string): Promise<string> {
  const text = await readIfPresent(path);
  if (text !== undefined) return checkAuthority(text, path);
  throw new AppError('CERT_MISSING', {
    message: `${path} does not exist: there is no CA certificate to trust.`,
    hint: 'On the server, make one: registry-gate certs init --host NAME. On a client, name it: --from https://HOST --fingerprint HEX, or --ca FILE',
  });
}

/** Reads `ca.crt` of a certs directory. */
export async function readAuthorityOf(directory: string): Promise<string> {
  return readAuthorityFile(certificatePaths(directory).authorityCertificate);
}

/**
 * Fetches `/ca.crt` from a gate that is not trusted yet, and returns it only if it has this fingerprint. A man in the
 * middle can prevent the download, but not replace the CA. Throws AppError TRUST_FAILED, CERT_INVALID, USAGE.
 *
 *     const pem = await downloadAuthority({ url: 'https://registry.lan', fingerprint: '784D09...' });
 */
export async function downloadAuthority(options: DownloadOptions): Promise<string> {
  const expected = readFingerprint(options.fingerprint);
  const url = caUrl(options.url);
  const text = (await download(url, { ...options, trusted: undefined })) ?? '';
  // While a rollover goes on, there are two.
  const found = parseCertificates(text, url.href);
  const digests = found.map(({ raw }) => createHash('sha256').update(raw).digest('hex'));
  const wanted = found.find((_one, at) => digests[at] === expected);
  const pem = checkAuthority(wanted?.toString() ?? text, url.href);
  if (wanted !== undefined) return pem;
  const [actual] = digests;
  throw new AppError('TRUST_FAILED', {
    message: `${url.href} is not the CA that was expected: its SHA-256 is ${actual}. Nothing was installed.`,
    hint: 'Compare with what the server prints (registry-gate certs status): the sha-256 of the CA, not that of the certificate. If you typed that one, the connection is intercepted.',
  });
}

/** Reads a SHA-256, with or without colons, to 64 digits in lower case. Throws AppError USAGE. */
export function readFingerprint(text: string): string {
  const digits = text.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new AppError('USAGE', {
    message: '--fingerprint takes a SHA-256: 64 hexadecimal digits.',
    hint: 'The server prints it: registry-gate certs status',
  });
}

/** Returns the CA certificate in a text, as PEM. Throws AppError CERT_INVALID unless the text holds exactly one certificate, that of a CA, and no private key. */
export function checkAuthority(text: string, source: string): string {
  if (/^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/m.test(text)) {
    throw invalid(
      `${source} holds a private key, which does not belong on a client.`,
      'Use the file that holds only the CA certificate: ca.crt',
    );
  }
  const [certificate, ...more] = parseCertificates(text, source);
  if (more.length > 0) {
    throw invalid(
      `${source} holds ${more.length + 1} certificates instead of only that of the CA.`,
      'Use ca.crt, not a chain.',
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
    hint: 'For example: --from https://registry.lan --fingerprint HEX',
  });
}

interface FetchOptions extends Pick<DownloadOptions, 'onServer' | 'timeoutMs'> {
  /** PEM of the CAs that the server must come from. Undefined: the server is not verified, and the caller verifies what it sent. */
  readonly trusted: string | undefined;
  /** Return undefined if the server has no such page. */
  readonly isOptional?: boolean;
}

/** Fetches a text of at most 64 KiB. Throws AppError TRUST_FAILED. */
export async function download(
  url: URL,
  { timeoutMs = 10_000, onServer, trusted, isOptional = false }: FetchOptions,
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const options = {
    // Explicit, or a variable of the environment could switch it off.
    ...(trusted === undefined ? { rejectUnauthorized: false } : { ca: trusted, rejectUnauthorized: true }),
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  } as const;
  let hasAnswer = false;
  const call = request(url, options, (response) => {
    hasAnswer = true;
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
      else if (response.statusCode === 404 && isOptional) resolve(undefined);
      else reject(new Error(`the server answered ${response.statusCode}`));
    });
  });
  call.on('error', reject);
  // A server that switches protocols unasked is cut off without an error.
  call.on('close', () => {
    if (!hasAnswer) reject(new Error('the server ended the connection without an answer'));
  });
  call.end();
  return promise.catch((error: unknown) => {
    throw new AppError('TRUST_FAILED', {
      message: `${url.href} can't be fetched: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Check that the gate runs there and that the port is right, or copy ca.crt from the server and name it with --ca FILE.',
      cause: error,
    });
  });
}

function notAuthority(certificate: X509Certificate, source: string): AppError {
  return invalid(
    `${source} is the certificate of ${certificate.subject.split('\n').join(', ')}, not of a CA: clients would refuse its successor.`,
    'Use ca.crt, the certificate that signed it.',
  );
}

function invalid(message: string, hint: string): AppError {
  return new AppError('CERT_INVALID', { message, hint });
}
