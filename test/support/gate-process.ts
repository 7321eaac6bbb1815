import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { createHash } from '../../src/auth/passwords/password-hash.ts';
import { run, startDaemon, type Ran, type RunOptions } from './programs.ts';

/** The program under test; `GATE_MAIN` names another build of it, such as `dist/main.js`. */
export const GATE_MAIN = resolve(
  process.env['GATE_MAIN'] ?? resolve(import.meta.dirname, '../../src/main.ts'),
);

/** Runs one command of the gate to its end, as a person types it. */
export function gateCommand(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(process.execPath, [GATE_MAIN, ...args], options);
}

/** A command of the gate that has to succeed. */
export async function gateDoes(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await gateCommand(args, options);
  if (ran.status !== 0)
    throw new Error(`registry-gate ${args.join(' ')}: exit status ${ran.status}\n${ran.output}`);
  return ran.stdout;
}

export interface GateOptions {
  readonly certs: string;
  /** URL of the registry behind it. */
  readonly backend: string;
  /** Default: a free port of 127.0.0.1. */
  readonly listen?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface GateProcess {
  /** `HOST:PORT`, as image names begin; the port is left out where it is 443. */
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly log: readonly string[];
  close(): Promise<void>;
}

/** Starts `serve` as a process of its own, as users run it, and waits until it listens. */
export async function startGate(options: GateOptions): Promise<GateProcess> {
  const { certs, backend, listen = '127.0.0.1:0', args = [], env = {} } = options;
  const where = ['--listen', listen, '--backend', backend, '--certs', certs];
  const daemon = startDaemon(process.execPath, [GATE_MAIN, 'serve', ...where, ...args], { env });
  try {
    const { input } = await daemon.line(/"msg":"listening/);
    const name = `${listen.replace(/:\d+$/, '')}${portSuffix(input)}`;
    return { name, url: `https://${name}`, pid: daemon.pid, log: daemon.log, close: () => daemon.close() };
  } catch (error) {
    await daemon.close();
    throw error;
  }
}

function portSuffix(line: string): string {
  const fields = JSON.parse(line) as { readonly port?: number };
  if (fields.port === undefined) throw new Error(`no port in: ${line}`);
  return fields.port === 443 ? '' : `:${fields.port}`;
}

export const USER = 'alice';
/** Characters that shells, URLs and header parsers like to trip over. */
export const PASSWORD = 'Wörd: "p@ss"%20$HOME/+=';

/** A certs directory with a CA, a certificate for the hosts and one user, as the gate's own commands make it. */
export async function makeCerts(certs: string, hosts: readonly string[]): Promise<void> {
  await initCertificates({ directory: certs, hosts, now: new Date() });
  const { text: hash } = await createHash(PASSWORD);
  await writeFile(join(certs, 'htpasswd'), `${USER}:${hash}\n`, { mode: 0o600 });
}
