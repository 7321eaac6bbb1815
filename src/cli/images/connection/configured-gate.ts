import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { loadConfig } from '../../../config/load.ts';
import type { Config } from '../../../config/schema/schema.ts';
import { certificatePaths } from '../../../pki/authority/cert-store.ts';
import { namesOf } from '../../../pki/x509/certificate-file.ts';
import { configSources } from '../../config/config-flags.ts';
import { findReachable, registryAddress } from '../../serve/reachable.ts';
import type { Terminal } from '../../terminal/terminal.ts';

/** The gate of the configuration here. */
export interface OwnGate {
  /** How names that state no registry mean it: `registry.lan`, `localhost:8443`. */
  readonly registry: string;
  /** The CA that clients of it trust, PEM, if it has one of its own. */
  readonly authority: string | undefined;
  /** Whether a registry is this gate: one of the names of its certificate. */
  owns(registry: string): boolean;
}

/** Finds the gate of the configuration here. Undefined if there is none. Throws AppError CONFIG_INVALID. */
export async function findConfiguredGate(terminal: Terminal): Promise<OwnGate | undefined> {
  return gateOf(await loadConfig(configSources({}, terminal)));
}

/** The gate of a configuration. Undefined if it has no certificate. */
export async function gateOf(config: Config): Promise<OwnGate | undefined> {
  const paths = certificatePaths(config.certs);
  const pem = await readText(config.tls.certificate ?? paths.certificate);
  const certificate = pem === undefined ? undefined : parse(pem);
  if (certificate === undefined) return undefined;
  const names = namesOf(certificate).map(({ value }) => value);
  const addresses = config.listen.map(({ host = '::', port }) => ({ address: host, port }));
  const reachable = findReachable({ addresses, names, hosts: [], isContainer: false });
  return {
    registry: registryAddress(reachable),
    authority: await readText(paths.authorityCertificate),
    owns: (registry) =>
      names.includes(hostOf(registry)) || certificate.checkHost(hostOf(registry)) !== undefined,
  };
}

/** The host without its port and brackets. */
function hostOf(registry: string): string {
  const host = registry.replace(/:\d+$/, '').toLowerCase();
  return isIP(host.slice(1, -1)) === 6 ? host.slice(1, -1) : host;
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
