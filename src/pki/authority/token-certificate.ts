import type { Pair } from './cert-store.ts';
import { distinguishedName, signCertificate } from '../x509/certificate-der.ts';
import { leafConstraints, leafKeyUsage, subjectKeyIdentifier } from '../x509/extensions.ts';
import { keyToPem, makeKey } from '../x509/key-pair.ts';
import type { RandomSource } from './validity.ts';
import { serialNumber, validityFrom } from './validity.ts';

/**
 * A self-signed P-256 certificate for signing tokens that a registry checks (distribution's `rootcertbundle`), and its
 * key. It lives for as long as a CA: the registry reads its bundle at start alone, and refuses every token after its end.
 */
export async function makeTokenCertificate(now: Date, days: number, random?: RandomSource): Promise<Pair> {
  const { privateKey, publicKey } = await makeKey('ecdsa');
  const name = distinguishedName('registry-gate token signing');
  const template = {
    serial: serialNumber(random),
    issuer: name,
    subject: name,
    ...validityFrom(now, days),
    publicKey,
    extensions: [leafConstraints(), leafKeyUsage('ecdsa'), subjectKeyIdentifier(publicKey)],
  };
  return { key: keyToPem(privateKey), certificate: signCertificate(template, privateKey) };
}
