import type { KeyObject, X509Certificate } from 'node:crypto';
import { isUsable } from './authority-key.ts';
import { certificatePaths, presentOf, readIfPresent, readPair, type Pair } from './cert-store.ts';
import type { CertificatePaths, CureContext } from '../x509/refusal.ts';
import { mismatch, missingCertificate } from '../x509/certificate-faults.ts';
import { readRollover } from './rollover-state.ts';
import { isSignedBy, namesOf, parseCertificates } from '../x509/certificate-file.ts';
import { orderChain, type Certificates } from '../x509/chain.ts';
import { parsePrivateKey } from '../x509/key-pair.ts';

export interface ServerCertificateOptions {
  /** The certs directory: `domain.crt`, `domain.key`, `ca.crt`. */
  readonly directory: string;
  /** A certificate of another CA, used instead of `domain.crt`: the leaf, then its chain. */
  readonly certificate?: string;
  /** The key of that certificate, used instead of `domain.key`. */
  readonly key?: string;
  /** The file with the passphrase of `ca.key`, if that has one. */
  readonly passphraseFile?: string | undefined;
}

/** Certificate, key and CA as the files hold them: parsed and in order, not verified. */
export interface Material {
  readonly chain: Certificates;
  /** Undefined if the file is absent or can't be read. */
  readonly key: KeyObject | undefined;
  /** How the file differs from the chain, for sentences. */
  readonly notes: readonly string[];
  readonly context: CureContext;
  /** The certificates in ca.crt and, while a rollover goes on, the other CA. */
  readonly authorities: readonly X509Certificate[];
}

/** Material whose key was read. */
export type WholeMaterial = Material & { readonly key: KeyObject };

export function hasKey(material: Material): material is WholeMaterial {
  return material.key !== undefined;
}

/**
 * Reads certificate, key and CA. Throws AppError CERT_MISSING if there is no certificate, CERT_INVALID if a file can't be
 * read or parsed, or if the key matches no certificate of the file. With `mayLackKey` an unreadable key counts as absent.
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
  const authorities = await readAuthorities(options.directory, paths.authorityCertificate);
  const ordered = key === undefined ? { chain: found, notes: [] } : orderChain(found, key, now);
  const isDefault = options.certificate === undefined;
  const context = await contextOf(ordered?.chain[0] ?? found[0], {
    paths,
    authorities,
    isDefault,
    passphraseFile: options.passphraseFile,
  });
  if (ordered === undefined) throw mismatch(context);
  return { ...ordered, key, context, authorities };
}

function pathsOf({ directory, certificate, key }: ServerCertificateOptions): CertificatePaths {
  const defaults = certificatePaths(directory);
  return { ...defaults, certificate: certificate ?? defaults.certificate, key: key ?? defaults.key };
}

/** While a rollover goes on, both CAs: that of ca.crt first. */
async function readAuthorities(directory: string, path: string): Promise<readonly X509Certificate[]> {
  const pem = await readIfPresent(path);
  if (pem === undefined) return [];
  const state = await readRollover(directory);
  return [...parseCertificates(pem, path), ...(state.step === 'none' ? [] : [state.other])];
}

interface Found {
  readonly paths: CertificatePaths;
  readonly authorities: readonly X509Certificate[];
  readonly isDefault: boolean;
  readonly passphraseFile: string | undefined;
}

async function contextOf(
  leaf: X509Certificate,
  { paths, authorities, isDefault, passphraseFile }: Found,
): Promise<CureContext> {
  const [authority] = authorities;
  const isOwn = authority !== undefined && isSignedBy(leaf, authority);
  const present = await presentOf(paths);
  return {
    paths,
    names: namesOf(leaf).map(({ value }) => value),
    isDefault,
    present,
    canRenew:
      isDefault &&
      isOwn &&
      present.includes(paths.authorityKey) &&
      (await isUsable(paths.authorityKey, { passphraseFile })),
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
    // Other users may read the certificate, but not the key.
    const certificate = await readIfPresent(paths.certificate);
    return certificate === undefined ? {} : { certificate };
  }
}
