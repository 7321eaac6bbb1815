import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { namesOf } from '../../pki/x509/certificate-file.ts';
import { anchorOf, type Certificates } from '../../pki/x509/chain.ts';
import { judgeChain } from '../../pki/x509/client-verdicts.ts';
import { publicRootOf } from '../../pki/x509/public-roots.ts';
import { describeConstraints, namesOutside } from '../../pki/x509/name-constraints.ts';
import { describeRefusal, hostFlags } from '../../pki/x509/refusal.ts';
import { fine, skipped, wrong, type Check } from '../check.ts';
import type { Authority } from '../facts/authority.ts';
import type { Target } from '../target.ts';
import type { Here } from './route.ts';

const CHAIN = { id: 'chain', what: 'certificate' } as const;
const NAMES = { id: 'names', what: 'names' } as const;
const DAY = 24 * 60 * 60_000;
/** The sentences of describeRefusal name files. Here they name what the server sends. */
const SENT = {
  certificate: 'the certificate of the server',
  authorityCertificate: 'its CA',
  key: '',
  authorityKey: '',
};

/** What the checks of a certificate need to know. */
interface ChainCase {
  /** What the server sent, the leaf first. */
  readonly chain: readonly X509Certificate[];
  readonly authority: Authority | undefined;
  readonly now: Date;
  readonly here: Here;
}

/** Whether clients accept the certificate once they trust its CA, and whether it is for this name. */
export function checkCertificate(target: Target, given: ChainCase): readonly Check[] {
  const [leaf, ...rest] = given.chain;
  if (leaf === undefined) {
    const why = 'the server showed no certificate';
    return [skipped(CHAIN, why), skipped(NAMES, why)];
  }
  return [checkChain([leaf, ...rest], given), checkNames(target, leaf, given)];
}

function checkChain(chain: Certificates, { authority, now, here }: ChainCase): Check {
  const [leaf] = chain;
  const known = authority === undefined ? [] : [authority.certificate];
  const found = judgeChain(anchorOf(chain, known, publicRootOf), now);
  // Whether its CA is trusted is what the checks of the trust stores tell, and names have a check of their own.
  const [refusal] = found.filter(({ isMissing, fault }) => isMissing !== true && !isOfNames(fault));
  if (refusal === undefined) {
    const days = Math.floor((leaf.validToDate.getTime() - now.getTime()) / DAY);
    return fine(CHAIN, `valid for ${days} more ${days === 1 ? 'day' : 'days'}, signed by ${issuerOf(leaf)}`);
  }
  const why = describeRefusal(refusal, SENT).replace(/\.$/, '');
  if (leaf.validFromDate > now) {
    return wrong(
      CHAIN,
      `${why}, and the clock of this machine says ${now.toISOString()}. Set the clock that is wrong`,
      `${here.isRoot ? '' : 'sudo '}timedatectl set-ntp true`,
    );
  }
  const onServer = here.isServer ? '' : '. On the server';
  const isOfAuthority = refusal.role === 'CA';
  return wrong(
    CHAIN,
    `${why}${onServer}`,
    isOfAuthority ? 'registry-gate certs status' : 'registry-gate certs renew --force',
  );
}

function isOfNames(fault: string): boolean {
  return fault.startsWith('names ');
}

function checkNames(target: Target, leaf: X509Certificate, { authority, here }: ChainCase): Check {
  const { host, registry } = target;
  const isAddress = isIP(host) !== 0;
  const found = isAddress ? leaf.checkIP(host) : leaf.checkHost(host, { subject: 'never' });
  const names = namesOf(leaf);
  if (found !== undefined) return fine(NAMES, `the certificate names ${host}`);
  const values = names.map(({ value }) => value);
  const isWritten = values.includes(host);
  const others =
    values.length === 0
      ? 'no host (it has no subjectAltName, and clients do not read the common name)'
      : values.slice(0, 10).join(', ');
  const what =
    isAddress && isWritten
      ? `it names ${host} as a host name (DNS) and not as an address (IP)`
      : `it names ${others}, and not ${host}`;
  const onServer = here.isServer ? '' : '. On the server';
  const why = `clients refuse the certificate for ${registry}: ${what}`;
  const limits = limitsOf(target, authority);
  return limits === undefined
    ? wrong(NAMES, `${why}${onServer}`, `registry-gate certs renew --host ${host}`)
    : wrong(
        NAMES,
        `${why}. Its CA may sign ${limits} only, so that the name needs a new CA, which every client then has to trust${onServer}`,
        `mkdir -p certs/old && mv certs/ca.* certs/domain.* certs/old && registry-gate certs init ${hostFlags([...values, host])}`,
      );
}

/** What the CA may sign, if the name of the target is not among it. */
function limitsOf({ endpoint }: Target, authority: Authority | undefined): string | undefined {
  if (endpoint === undefined || authority === undefined) return undefined;
  const { certificate } = authority;
  return namesOutside(certificate, [endpoint.name]).length === 0
    ? undefined
    : describeConstraints(certificate);
}

function issuerOf(leaf: X509Certificate): string {
  const name = leaf.issuer.split('\n').find((line) => line.startsWith('CN=')) ?? leaf.issuer;
  return `"${name.replace(/^CN=/, '').slice(0, 100)}"`;
}
