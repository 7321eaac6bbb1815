import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError } from '../../lib/errors.ts';
import { readMaterial } from '../../pki/authority/material.ts';
import { downloadAuthority, readAuthorityFile, readAuthorityOf } from '../../pki/trust/authority-source.ts';
import { followAuthority } from '../../pki/trust/follow.ts';
import { registryName } from '../../pki/trust/stores/store.ts';
import type { Endpoint } from '../../pki/x509/subject-names.ts';
import { findServedCertificate, type CertsOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface SourceOptions extends CertsOptions {
  readonly ca?: string;
  readonly from?: string;
  readonly fingerprint?: string;
  readonly follow?: true;
}

interface Source {
  /** PEM of the CA certificate. */
  readonly authority: string;
  /** The certificate of the server, if it is known. */
  readonly server: X509Certificate | undefined;
}

/** Reads the CA certificate from where the options say. Throws AppError USAGE, CERT_MISSING, CERT_INVALID, TRUST_FAILED. */
export async function readSource(
  options: SourceOptions,
  endpoint: Endpoint,
  terminal: Terminal,
): Promise<Source> {
  return options.follow === true ? followSource(options, endpoint) : readNamed(options, terminal);
}

async function readNamed(options: SourceOptions, terminal: Terminal): Promise<Source> {
  const { ca, from, fingerprint } = options;
  if (from !== undefined && ca !== undefined) throw usage('--ca and --from exclude each other.');
  if (from !== undefined && fingerprint === undefined) {
    throw usage(
      '--from needs --fingerprint: without it a man in the middle could supply another CA.',
      'On the server, registry-gate certs status prints it (sha-256 of the CA).',
    );
  }
  if (from !== undefined && fingerprint !== undefined) return fetchSource(from, fingerprint);
  if (fingerprint !== undefined) throw usage('--fingerprint needs --from.');
  if (ca !== undefined) return { authority: await readAuthorityFile(ca), server: undefined };
  const served = await findServedCertificate(options, terminal);
  const authority = await readAuthorityOf(served.directory);
  // The certificate of the server need not be on this machine: it only serves for a warning.
  const server = await readMaterial(served, new Date(), { mayLackKey: true }).catch(() => undefined);
  return { authority, server: server?.chain[0] };
}

/** The CA of `--ca` as this client has it, and the one that replaces it. */
async function followSource({ ca, from, fingerprint }: SourceOptions, endpoint: Endpoint): Promise<Source> {
  if (ca === undefined || from !== undefined || fingerprint !== undefined) {
    throw usage(
      '--follow needs --ca, the file with the CA that this client trusts today, and neither --from nor --fingerprint.',
      'For docker: --follow --ca /etc/docker/certs.d/HOST/ca.crt',
    );
  }
  const trusted = await readFile(ca, 'latin1').catch(() => undefined);
  if (trusted === undefined) throw usage(`${ca} can't be read: there is no CA to follow.`);
  const url = `https://${registryName(endpoint)}`;
  return { authority: await followAuthority({ url, trusted, now: new Date() }), server: undefined };
}

async function fetchSource(url: string, fingerprint: string): Promise<Source> {
  let server: X509Certificate | undefined;
  const authority = await downloadAuthority({ url, fingerprint, onServer: (seen) => (server = seen) });
  return { authority, server };
}

function usage(message: string, hint?: string): AppError {
  return new AppError('USAGE', { message, hint });
}
