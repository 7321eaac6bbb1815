import { readFile } from 'node:fs/promises';
import { parseCertificates } from '../../pki/x509/certificate-file.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Ending } from '../../lib/ending.ts';
import { statePaths } from '../../auth/tokens/store/state-paths.ts';

/** A file with more certificates than this is a bundle of roots, of which some have always expired. */
const BUNDLE = 8;

/**
 * When the trust between the gate and its registry ends: the CA of an https registry, and the certificate of the tokens
 * that the registry checks. Empty for a file that cannot be read: the code that needs it reports that.
 */
export async function backendEndings({
  auth,
  backend,
  backendCa,
  state,
}: Pick<Config, 'auth' | 'backend' | 'backendCa' | 'state'>): Promise<readonly Ending[]> {
  const isVerified = backend.kind === 'https' && backendCa !== undefined;
  const token = auth.backendTokens ? statePaths(state).backendCertificate : undefined;
  const found = await Promise.all([
    isVerified ? endingsIn(backendCa, 'backend CA') : [],
    token === undefined ? [] : endingsIn(token, 'token certificate'),
  ]);
  return found.flat();
}

async function endingsIn(path: string, kind: Ending['kind']): Promise<readonly Ending[]> {
  try {
    const certificates = parseCertificates(await readFile(path, 'utf8'), path);
    const ends = certificates.map(({ validToDate }) => validToDate);
    const told = ends.length > BUNDLE ? [new Date(Math.max(...ends.map(Number)))] : ends;
    return told.map((notAfter) => ({ kind, name: path, notAfter }));
  } catch {
    return [];
  }
}
