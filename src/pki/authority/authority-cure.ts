import { certificatePaths, presentOf, readIfPresent } from './cert-store.ts';
import { namesOf, parseCertificates } from '../x509/certificate-file.ts';
import type { CureContext } from '../x509/refusal.ts';
import { newAuthorityCure } from '../x509/refusal.ts';

/** What the cure for a CA has to know of a certs directory. */
export async function directoryContext(directory: string): Promise<Omit<CureContext, 'canRenew'>> {
  const paths = certificatePaths(directory);
  const [present, names] = await Promise.all([presentOf(paths), namesIn(paths.certificate)]);
  return { paths, present, names, isDefault: true };
}

/** How to make a new CA in this directory, for the names of its certificate. */
export async function newAuthorityIn(directory: string): Promise<string> {
  return newAuthorityCure(await directoryContext(directory));
}

/** None where there is no certificate that can be read: then a person has to say them. */
async function namesIn(path: string): Promise<readonly string[]> {
  try {
    const pem = await readIfPresent(path);
    return pem === undefined ? [] : namesOf(parseCertificates(pem, path)[0]).map(({ value }) => value);
  } catch {
    return [];
  }
}
