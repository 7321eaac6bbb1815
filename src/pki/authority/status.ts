import type { X509Certificate } from 'node:crypto';
import { fingerprintOf, isSignedBy, namesOf } from '../x509/certificate-file.ts';
import { anchorOf } from '../x509/chain.ts';
import { judgeChain } from '../x509/client-verdicts.ts';
import { describeKey } from '../x509/key-pair.ts';
import { AppError } from '../../lib/errors.ts';
import { readRecord, type AuthorityRecord, type IssuedCertificate } from './record.ts';
import { readMaterial, type ServerCertificateOptions } from './material.ts';
import { describeConstraints } from '../x509/name-constraints.ts';
import { publicRootOf } from '../x509/public-roots.ts';
import { cureOf, describeRefusal } from '../x509/refusal.ts';
import type { Client, CureContext, Refusal, Role } from '../x509/refusal.ts';
import { needsRenewal } from './renewal.ts';
import { readRollover, type RolloverState } from './rollover-state.ts';
import { DAY } from './validity.ts';

/**
 * `due`: less than a third of a leaf's lifetime is left, or less than a year of a CA's. `refused`: some clients refuse it,
 * for instance because it is not valid yet.
 */
type CertificateState = 'fine' | 'due' | 'refused' | 'expired';

/** The state of one certificate, as `certs status` prints it. */
export interface CertificateStatus {
  readonly file: string;
  readonly state: CertificateState;
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly keyType: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whole days; negative once it has expired. */
  readonly daysLeft: number;
  /** SHA-256: `AA:BB:...`. */
  readonly fingerprint: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** The names that a CA may sign, if it has name constraints. */
  readonly constraints?: string;
}

/** One reason why clients refuse the chain, and what to do. */
interface CertificateProblem {
  readonly role: Role;
  /** A sentence that names the file. */
  readonly problem: string;
  readonly refusedBy: readonly Client[];
  readonly cure: string;
}

/** A certificate that `certs issue` made. */
export interface IssuedStatus extends IssuedCertificate {
  /** `revoked` and `expired` are final. `due`: fewer than 30 days are left. */
  readonly state: 'fine' | 'due' | 'expired' | 'revoked';
  /** Whole days; negative once it has expired. */
  readonly daysLeft: number;
}

/** A rollover that goes on. */
interface RolloverStatus {
  readonly step: 'announced' | 'switched';
  readonly since: Date;
  /** The CA beside that of ca.crt: the next one, or the previous one. */
  readonly fingerprint: string;
  readonly notAfter: Date;
  /** Whether clients that trust only the old CA go on after the switch. */
  readonly isBridged: boolean;
}

/** The certificate that a gate would serve, and the CA that clients have to trust. */
export interface DirectoryStatus {
  /** The worse of the two. */
  readonly state: CertificateState;
  readonly certificate: CertificateStatus;
  readonly authority: CertificateStatus | undefined;
  /** Whether the certificate was signed by this CA. */
  readonly isOwn: boolean;
  /** How far the change to another CA is; undefined while there is none. */
  readonly rollover?: RolloverStatus;
  /** The certificates for other services. */
  readonly issued: readonly IssuedStatus[];
  readonly problems: readonly CertificateProblem[];
  /** How the file differs from the chain, for sentences. */
  readonly notes: readonly string[];
  /** For the hints of refusal.ts. */
  readonly context: CureContext;
}

const AUTHORITY_DUE = 365 * DAY;
const ISSUED_DUE_DAYS = 30;
const SEVERITY: readonly CertificateState[] = ['fine', 'due', 'refused', 'expired'];

/**
 * Reads the state of the certificate that a gate would serve. A process that may not read the key, such as a monitor, can
 * call it too. Throws AppError CERT_MISSING, CERT_INVALID.
 *
 *     (await readStatus({ directory: 'certs' }, new Date())).certificate.daysLeft // 89
 */
export async function readStatus(options: ServerCertificateOptions, now: Date): Promise<DirectoryStatus> {
  const { chain, notes, context, authorities } = await readMaterial(options, now, { mayLackKey: true });
  const [leaf] = chain;
  const found = anchorOf(chain, authorities, publicRootOf);
  const refusals = judgeChain(found, now);
  const anchor = authorities.find((authority) => authority === found.anchor);
  const root = anchor ?? authorities[0];
  const isRefused = (role: Role): boolean => refusals.some((refusal) => refusal.role === role);
  const certificate = describe(leaf, context.paths.certificate, {
    isDue: needsRenewal(leaf, now),
    isRefused: isRefused('certificate') || isRefused('intermediate'),
    now,
  });
  const authority =
    root && describeAuthority(root, context.paths.authorityCertificate, { isRefused: isRefused('CA'), now });
  return {
    state: worst(
      certificate.state,
      authority === undefined || anchor === undefined ? 'fine' : authority.state,
    ),
    certificate,
    authority,
    isOwn: root !== undefined && isSignedBy(leaf, root),
    issued: await readIssued(options.directory, now),
    ...(await readRolloverStatus(options.directory)),
    problems: refusals.map((refusal) => problemOf(refusal, context)),
    notes,
    context,
  };
}

async function readRolloverStatus(directory: string): Promise<Pick<DirectoryStatus, 'rollover'>> {
  const state = await readRollover(directory).catch((): RolloverState => ({ step: 'none' }));
  if (state.step === 'none') return {};
  const { step, since, other, isBridged } = state;
  return {
    rollover: { step, since, fingerprint: fingerprintOf(other), notAfter: other.validToDate, isBridged },
  };
}

/** Empty where only the owner of the certs directory may read the record. */
async function readIssued(directory: string, now: Date): Promise<readonly IssuedStatus[]> {
  const { issued, revoked } = await readRecord(directory).catch((error: unknown): AuthorityRecord => {
    if (error instanceof AppError && error.code === 'FILE_UNREADABLE') return { issued: [], revoked: [] };
    throw error;
  });
  return issued.map((one) => {
    const daysLeft = Math.floor((one.notAfter.getTime() - now.getTime()) / DAY);
    if (revoked.some(({ serial }) => serial === one.serial)) return { ...one, state: 'revoked', daysLeft };
    if (daysLeft < 0) return { ...one, state: 'expired', daysLeft };
    return { ...one, state: daysLeft < ISSUED_DUE_DAYS ? 'due' : 'fine', daysLeft };
  });
}

function worst(...states: readonly CertificateState[]): CertificateState {
  return SEVERITY[Math.max(...states.map((state) => SEVERITY.indexOf(state)))] ?? 'expired';
}

function problemOf(refusal: Refusal, context: CureContext): CertificateProblem {
  const { role, clients } = refusal;
  const problem = describeRefusal(refusal, context.paths);
  return { role, problem, refusedBy: clients, cure: cureOf(refusal, context) };
}

interface Judgement {
  readonly isDue: boolean;
  readonly isRefused: boolean;
  readonly now: Date;
}

function describeAuthority(
  root: X509Certificate,
  file: string,
  judgement: Omit<Judgement, 'isDue'>,
): CertificateStatus {
  const isDue = root.validToDate.getTime() - judgement.now.getTime() < AUTHORITY_DUE;
  const constraints = describeConstraints(root);
  const status = describe(root, file, { ...judgement, isDue });
  return constraints === undefined ? status : { ...status, constraints };
}

function describe(certificate: X509Certificate, file: string, judgement: Judgement): CertificateStatus {
  return {
    file,
    state: stateOf(certificate, judgement),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: namesOf(certificate).map(({ value }) => value),
    keyType: describeKey(certificate.publicKey),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    daysLeft: Math.floor((certificate.validToDate.getTime() - judgement.now.getTime()) / DAY),
    fingerprint: fingerprintOf(certificate),
    serial: certificate.serialNumber,
  };
}

function stateOf({ validToDate }: X509Certificate, { isDue, isRefused, now }: Judgement): CertificateState {
  if (validToDate < now) return 'expired';
  if (isRefused) return 'refused';
  return isDue ? 'due' : 'fine';
}

/** Node.js writes one attribute per line. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}
