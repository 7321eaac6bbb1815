import type { KeyObject, X509Certificate } from 'node:crypto';
import { certificatePaths, presentOf, readIfPresent, readPair } from './cert-store.ts';
import type { Pair } from './cert-store.ts';
import type { CertificatePaths, CureContext } from '../x509/refusal.ts';
import { mismatch, missingCertificate } from '../x509/certificate-faults.ts';
import { isSignedBy, namesOf, parseCertificates } from '../x509/certificate-file.ts';
import { orderChain } from '../x509/chain.ts';
import type { Certificates } from '../x509/chain.ts';
import { parsePrivateKey } from '../x509/key-pair.ts';

export interface ServerCertificateOptions {
  /** The certs directory: `domain.crt`, `domain.key`, `ca.crt`. */
  readonly directory: string;
  /** A certificate from elsewhere (leaf first, then its chain), instead of `domain.crt`. */
  readonly certificate?: string;
  /** The key from elsewhere, instead of `domain.key`. */
  readonly key?: string;
}

/** What the files hold, read and put in order, and not judged. */
export interface Material {
  readonly chain: Certificates;
  /** Undefined where it is not there or can't be read. */
  readonly key: KeyObject | undefined;
  /** What was done to the order of the chain. */
  readonly notes: readonly string[];
  readonly context: CureContext;
  /** Of ca.crt. */
  readonly authorities: readonly X509Certificate[];
}

/** Material whose key was read. */
export type WholeMaterial = Material & { readonly key: KeyObject };

/** Guard. */
export function hasKey(material: Material): material is WholeMaterial {
  return material.key !== undefined;
}

/**
 * Reads certificate, key and CA. Throws AppError CERT_MISSING where there is no certificate, CERT_INVALID where a file is
 * none of its kind or the key belongs to no certificate of the file, or where `mayLackKey` is not given and the key can't be read.
 */
export async function readMaterial(
  options: ServerCertificateOptions,
  now: Date,
  { mayLackKey = false }: { readonly mayLackKey?: boolean } = {},
): Promise<Material> {
  const paths = pathsOf(options);
  const pair = await readServerPair(options, paths, mayLackKey);
  if (pair.certificate === undefined) throw missingCertificate(paths.certificate, pair.key !== undefined);
  const found = parseCertificates(pair.certificate, paths.certificate);
  const key = pair.key === undefined ? undefined : parsePrivateKey(pair.key, paths.key);
  const authorities = await readAuthorities(paths.authorityCertificate);
  const ordered = key === undefined ? { chain: found, notes: [] } : orderChain(found, key, now);
  const isDefault = options.certificate === undefined;
  const context = await contextOf(ordered?.chain[0] ?? found[0], { paths, authorities, isDefault });
  if (ordered === undefined) throw mismatch(context);
  return { ...ordered, key, context, authorities };
}

function pathsOf({ directory, certificate, key }: ServerCertificateOptions): CertificatePaths {
  const defaults = certificatePaths(directory);
  return { ...defaults, certificate: certificate ?? defaults.certificate, key: key ?? defaults.key };
}

async function readAuthorities(path: string): Promise<readonly X509Certificate[]> {
  const pem = await readIfPresent(path);
  return pem === undefined ? [] : parseCertificates(pem, path);
}

interface Found {
  readonly paths: CertificatePaths;
  readonly authorities: readonly X509Certificate[];
  readonly isDefault: boolean;
}

async function contextOf(
  leaf: X509Certificate,
  { paths, authorities, isDefault }: Found,
): Promise<CureContext> {
  const [authority] = authorities;
  const isOwn = authority !== undefined && isSignedBy(leaf, authority);
  const present = await presentOf(paths);
  return {
    paths,
    names: namesOf(leaf).map(({ value }) => value),
    isDefault,
    present,
    canRenew: isDefault && isOwn && present.includes(paths.authorityKey),
  };
}

async function readServerPair(
  options: ServerCertificateOptions,
  paths: CertificatePaths,
  mayLackKey: boolean,
): Promise<Partial<Pair>> {
  const isDefault = options.certificate === undefined && options.key === undefined;
  try {
    if (isDefault) return await readPair(options.directory, 'domain');
    const [certificate, key] = await Promise.all([
      readIfPresent(paths.certificate),
      readIfPresent(paths.key),
    ]);
    return { ...(certificate === undefined ? {} : { certificate }), ...(key === undefined ? {} : { key }) };
  } catch (error) {
    if (!mayLackKey) throw error;
    // The key is for its owner alone; the certificate may be looked at by others.
    const certificate = await readIfPresent(paths.certificate);
    return certificate === undefined ? {} : { certificate };
  }
}
