import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { certificatePaths } from '../../src/pki/authority/cert-store.ts';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { schema, type Config } from '../../src/config/schema/schema.ts';
import { createLog } from '../../src/observe/access-log.ts';
import { startGate, type Gate } from '../../src/app/start.ts';
import { temporaryFolder } from './programs.ts';

/** The user of every test gate. */
export const TEST_USER = 'alice';
export const TEST_PASSWORD = 'Pa55-of-alice:zebra';
export const AUTHORIZATION = basic(TEST_USER, TEST_PASSWORD);

/** The value of an `Authorization` header. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

export interface TestGateOptions {
  /** URL of the backend: `http://127.0.0.1:PORT`, `unix:/PATH`. */
  readonly backend: string;
  readonly limits?: Partial<Config['limits']>;
  /** In seconds; fractions are good here. */
  readonly timeouts?: Partial<Config['timeouts']>;
  /** Whether guessing passwords has consequences. Default: it has. */
  readonly throttle?: boolean;
  /** Any other part of the configuration. */
  readonly config?: Partial<Config>;
  /** Whether the log may hold what `findSecret` looks for. Default: closing such a gate is an error. */
  readonly secretsInLog?: boolean;
}

export interface TestGate {
  readonly port: number;
  /** PEM of the CA that signed the gate's certificate, which is good for 127.0.0.1 and localhost. */
  readonly ca: string;
  /** `Basic ...` of the one user. */
  readonly authorization: string;
  readonly user: string;
  readonly password: string;
  /** The certs directory; gates that are open at the same time share it. */
  readonly certs: string;
  /** Every log line so far, at debug level: JSON without the line end. */
  readonly log: readonly string[];
  readonly gate: Gate;
  /** Cuts what is open, stops, and looks through the log for secrets. */
  close(): Promise<void>;
}

/** The gate of `serve`, inside this process, on a free port of 127.0.0.1. */
export async function startTestGate(options: TestGateOptions): Promise<TestGate> {
  const certs = await borrowCerts();
  const log: string[] = [];
  const destination = { write: (line: string): void => void log.push(line.trimEnd()) };
  try {
    const config = makeConfig(certs.path, options);
    const gate = await startGate(config, createLog({ level: 'debug', destination }));
    const close = async (): Promise<void> => {
      const stopped = gate.stop();
      gate.stopNow();
      await stopped;
      await certs.giveBack();
      const leak = options.secretsInLog === true ? undefined : findSecret(log);
      if (leak !== undefined) throw new Error(`a secret in the log: ${leak}`);
    };
    const { port = 0 } = gate.addresses[0] ?? {};
    const user = { authorization: AUTHORIZATION, user: TEST_USER, password: TEST_PASSWORD };
    return { port, ca: certs.ca, ...user, certs: certs.path, log, gate, close };
  } catch (error) {
    await certs.giveBack();
    throw error;
  }
}

function makeConfig(
  certs: string,
  { backend, limits, timeouts, throttle = true, config }: TestGateOptions,
): Config {
  const parsed = schema.parse({ listen: '127.0.0.1:0', backend, certs, renew: false });
  return {
    ...parsed,
    users: join(certs, 'htpasswd'),
    state: certs,
    abuse: { ...parsed.abuse, throttle },
    // The pages read the registry by themselves, and most tests say what it has to see.
    pages: 'off',
    ...config,
    limits: { ...parsed.limits, ...limits },
    timeouts: { ...parsed.timeouts, drainSeconds: 5, ...timeouts },
  };
}

/** The first line that holds a password, the base64 of one, a stored hash, or the state of an upload. */
export function findSecret(lines: readonly string[]): string | undefined {
  const encoded = AUTHORIZATION.slice('Basic '.length);
  return lines.find(
    (line) =>
      line.includes(TEST_PASSWORD) ||
      line.includes(encoded.slice(0, 20)) ||
      /_state(?:=|%3d)|\$2[aby]\$\d\d\$|authorization"?\s*:/i.test(line),
  );
}

interface BorrowedCerts {
  readonly path: string;
  readonly ca: string;
  giveBack(): Promise<void>;
}

let shared: Promise<BorrowedCerts> | undefined;
let borrowers = 0;

/** One certs directory for all gates of a test file; gone with the last one. */
async function borrowCerts(): Promise<BorrowedCerts> {
  borrowers += 1;
  shared ??= makeTestCerts();
  const certs = await shared;
  return {
    ...certs,
    giveBack: async () => {
      borrowers -= 1;
      if (borrowers > 0) return;
      shared = undefined;
      await certs.giveBack();
    },
  };
}

async function makeTestCerts(): Promise<BorrowedCerts> {
  const folder = await temporaryFolder('test');
  await initCertificates({ directory: folder.path, hosts: ['127.0.0.1', 'localhost'], now: new Date() });
  const paths = certificatePaths(folder.path);
  // The cheapest bcrypt there is: what is tested is never the strength of this hash.
  const hash = await bcrypt.hash(TEST_PASSWORD, 4);
  await writeFile(join(folder.path, 'htpasswd'), `${TEST_USER}:${hash}\n`, { mode: 0o600 });
  return {
    path: folder.path,
    ca: await readFile(paths.authorityCertificate, 'utf8'),
    giveBack: () => folder.close(),
  };
}
