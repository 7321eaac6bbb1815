import type { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatePaths, readPair } from './cert-store.ts';
import { isSame, parseCertificates } from '../x509/certificate-file.ts';
import { traitsOf } from '../x509/certificate-traits.ts';

/** The pairs of a rollover. The certificate of each is followed by the one that the old CA made for the new one. */
export const PAIRS = { next: 'ca-next', previous: 'ca-previous' } as const;

/** How far the change from one CA to another is. */
export type RolloverState =
  | { readonly step: 'none' }
  | {
      /** `announced`: the new CA is published, and signs nothing yet. `switched`: it signs, and the old one is still published. */
      readonly step: 'announced' | 'switched';
      /** The CA beside that of ca.crt: the next one, or the previous one. */
      readonly other: X509Certificate;
      /** The new CA, signed by the old one. */
      readonly cross: X509Certificate;
      /** When its file was written. */
      readonly since: Date;
      /** Whether clients that trust only the old CA accept what the new one signs: the old one allows a CA below it. */
      readonly isBridged: boolean;
    };

/** Reads how far a rollover is. Throws AppError CERT_INVALID if a file is damaged. */
export async function readRollover(directory: string): Promise<RolloverState> {
  const { authorityCertificate } = certificatePaths(directory);
  const current = (await readPair(directory, 'ca')).certificate;
  if (current === undefined) return { step: 'none' };
  const [authority] = parseCertificates(current, authorityCertificate);
  const previous = await readStep(directory, 'previous', authority);
  return previous ?? (await readStep(directory, 'next', authority)) ?? { step: 'none' };
}

async function readStep(
  directory: string,
  which: keyof typeof PAIRS,
  authority: X509Certificate,
): Promise<RolloverState | undefined> {
  const path = join(directory, `${PAIRS[which]}.crt`);
  const { certificate } = await readPair(directory, PAIRS[which]);
  if (certificate === undefined) return undefined;
  const [other, cross] = parseCertificates(certificate, path);
  // A switch that was interrupted leaves a pair that equals the one in force.
  if (cross === undefined || isSame(other, authority)) return undefined;
  const old = which === 'next' ? authority : other;
  return {
    step: which === 'next' ? 'announced' : 'switched',
    other,
    cross,
    since: await stat(path).then(
      ({ mtime }) => mtime,
      () => cross.validFromDate,
    ),
    isBridged: traitsOf(old).pathLength !== 0,
  };
}

/** What follows a leaf in its file, as PEM: while a rollover goes on, the new CA as the old one signed it. */
export async function bridgeOf(directory: string): Promise<string> {
  const state = await readRollover(directory);
  return state.step === 'switched' && state.isBridged ? state.cross.toString() : '';
}

/** What tells clients of the new CA, as PEM: its certificate, and the same as the old CA signed it. Undefined while there is no rollover. */
export async function readAnnouncement(directory: string): Promise<string | undefined> {
  const state = await readRollover(directory);
  if (state.step === 'none') return undefined;
  const { certificate = '' } =
    state.step === 'announced' ? await readPair(directory, PAIRS.next) : await readPair(directory, 'ca');
  const [next] = parseCertificates(certificate, PAIRS.next);
  return `${next.toString()}${state.cross.toString()}`;
}
