import { shellWord } from '../../lib/shell-word.ts';

/** Verifiers that differ from one another: `strict` is OpenSSL with X509_V_FLAG_X509_STRICT, as Python sets it from 3.13 on. */
export const CLIENTS = ['go', 'curl', 'openssl', 'node', 'gnutls', 'strict'] as const;
export type Client = (typeof CLIENTS)[number];

/** The certificate that is at fault. */
export type Role = 'certificate' | 'intermediate' | 'CA';

/** One reason why clients refuse a chain. */
export interface Refusal {
  readonly role: Role;
  /** The predicate of a sentence whose subject is the certificate: `is not for servers`. */
  readonly fault: string;
  readonly clients: readonly Client[];
  /** Set if the fault is a missing certificate. */
  readonly isMissing?: true;
}

/** The files of a certs directory. */
export interface CertificatePaths {
  readonly authorityKey: string;
  readonly authorityCertificate: string;
  readonly key: string;
  readonly certificate: string;
}

/** What a hint needs to know: the files, and what can be done about them here. */
export interface CureContext {
  readonly paths: CertificatePaths;
  /** Those of the files that exist. */
  readonly present: readonly string[];
  /** Names and addresses of the certificate. */
  readonly names: readonly string[];
  /** Whether the certificate is that of the certs directory, not the one of `tls.certificate`. */
  readonly isDefault: boolean;
  /** Whether the CA of the certs directory signed the certificate, and its key exists. */
  readonly canRenew: boolean;
}

const WORDS: Readonly<Record<Client, string>> = {
  go: 'docker, podman, skopeo and other Go programs',
  curl: 'curl',
  openssl: 'programs with OpenSSL',
  node: 'Node.js',
  gnutls: 'programs with GnuTLS',
  strict: 'Python 3.13 and newer',
};

/** One sentence: what is wrong, and which clients refuse it. */
export function describeRefusal({ role, fault, clients }: Refusal, paths: CertificatePaths): string {
  const subject = {
    certificate: paths.certificate,
    intermediate: `an intermediate in ${paths.certificate}`,
    CA: paths.authorityCertificate,
  }[role];
  return `${subject} ${fault}: ${clientWords(clients)}.`;
}

/** The hint about a refusal: what to do, and what to type. */
export function cureOf({ role, isMissing }: Refusal, context: CureContext): string {
  const { paths, canRenew } = context;
  if (isMissing === true) {
    return (
      `Append the intermediate that came with it: cat leaf.crt intermediate.crt > ${paths.certificate}. ` +
      `If a root signed it directly, install the certificate of that root as ${paths.authorityCertificate}.`
    );
  }
  if (role === 'CA') return newAuthorityCure(context);
  if (role === 'intermediate') {
    return 'Get the current intermediate from its CA, and put it after the leaf in the file.';
  }
  return canRenew
    ? 'Make a new one of the same CA: registry-gate certs renew --force'
    : 'Have its CA issue one for servers (extendedKeyUsage serverAuth, keyUsage digitalSignature, a key of ECDSA P-256 or RSA 2048), with these names as subjectAltName.';
}

/** The hint about a key and certificate that can't be used: how to replace them. */
export function replacementCure(context: CureContext): string {
  if (context.canRenew) return 'Make a new pair of the same CA: registry-gate certs renew --force';
  if (!context.isDefault) {
    return `Install a certificate and its key as ${context.paths.certificate} and ${context.paths.key}.`;
  }
  const { present, paths } = context;
  const isElsewhere = present.includes(paths.authorityCertificate) && !present.includes(paths.authorityKey);
  const elsewhere = 'If the key of the CA is kept elsewhere, renew with --ca-key FILE. Otherwise: ';
  return `${isElsewhere ? elsewhere : ''}${newAuthorityCure(context)}`;
}

/** The hint about a CA that can't be used: how to make a new one. The old files are kept. */
export function newAuthorityCure({
  paths,
  names,
  isDefault,
  present,
}: Omit<CureContext, 'canRenew'>): string {
  if (!isDefault) return 'Get the certificate from another CA, and have every client trust that CA.';
  const directory = paths.authorityCertificate.replace(/[^/]+$/, '') || './';
  const old = shellWord(`${directory}old`);
  return (
    'Make a new CA, which every client then has to trust: ' +
    `mkdir -p ${old} && mv ${present.map(shellWord).join(' ')} ${old} && registry-gate certs init ${hostFlags(names)}`
  );
}

/** `--host registry.lan --host 10.0.0.5`, as a shell reads it. */
export function hostFlags(names: readonly string[]): string {
  const hosts = names.length === 0 ? ['NAME-OR-ADDRESS'] : names.map(shellWord);
  return hosts.map((host) => `--host ${host}`).join(' ');
}

function clientWords(clients: readonly Client[]): string {
  const others = CLIENTS.filter((client) => !clients.includes(client));
  if (others.length === 0) return 'every client refuses it';
  if (others.length === 1 && others[0] !== undefined)
    return `every client but ${WORDS[others[0]]} refuses it`;
  const [first = '', ...rest] = clients.map((client) => WORDS[client]).toReversed();
  const list = rest.length === 0 ? first : `${rest.toReversed().join(', ')} and ${first}`;
  return `${list} ${clients.length === 1 && first === WORDS.node ? 'refuses' : 'refuse'} it`;
}
