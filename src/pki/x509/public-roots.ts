import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import { isSignedBy } from './certificate-file.ts';

let known: readonly X509Certificate[] | undefined;

/**
 * The root that signed this certificate, among those that come with Node.js (Mozilla's) and those that this machine
 * trusts; undefined where it is not one of them. They are read once, where they are asked for.
 */
export function publicRootOf(certificate: X509Certificate): X509Certificate | undefined {
  known ??= readRoots();
  return known.find((root) => isSignedBy(certificate, root));
}

function readRoots(): readonly X509Certificate[] {
  const pems = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return [...pems].flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      // What can't be read here is not what a client would find either.
      return [];
    }
  });
}
