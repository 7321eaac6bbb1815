import { writeFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import bcrypt from 'bcrypt';
import { certificatePaths } from '../../src/pki/authority/cert-store.ts';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { temporaryFolder, until } from './programs.ts';
import { holdingsOf, type BlobPresence } from './hostile.ts';
import { TEST_PASSWORD, TEST_USER } from './test-gate.ts';
import { signalGroup, startProcess } from './processes.ts';

/** The program under test; `GATE_MAIN` names another build of it, such as `dist/main.js`. */
const MAIN = resolve(process.env['GATE_MAIN'] ?? resolve(import.meta.dirname, '../../src/main.ts'));

export interface TargetOptions {
  readonly backend: string;
  /** Any other part of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Lines of the htpasswd file beside that of the test user. */
  readonly users?: readonly string[];
  readonly args?: readonly string[];
  /** Text by name, beside the configuration file. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A gate that is attacked: a process of its own, whose memory and descriptors are its alone. */
export interface TargetGate {
  readonly port: number;
  readonly ca: string;
  readonly pid: number;
  /** The certs directory. */
  readonly certs: string;
  /** What it said on standard error, and its log lines at warn and above. */
  readonly alarms: readonly string[];
  /** How many lines it has logged. */
  lines(): number;
  presence(): BlobPresence;
  isAlive(): boolean;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; the exit status. */
  close(): Promise<number | null>;
}

/** Starts `serve` with the certificates and the user of the test gates. Its log is read and counted, not kept. */
export async function startTargetGate(options: TargetOptions): Promise<TargetGate> {
  const folder = await temporaryFolder('target');
  await initCertificates({ directory: folder.path, hosts: ['127.0.0.1', 'localhost'], now: new Date() });
  const line = `${TEST_USER}:${await bcrypt.hash(TEST_PASSWORD, 4)}`;
  await writeFile(join(folder.path, 'htpasswd'), [line, ...(options.users ?? []), ''].join('\n'), {
    mode: 0o600,
  });
  const settings = { listen: '127.0.0.1:0', backend: options.backend, certs: folder.path, renew: false };
  const config = join(folder.path, 'registry-gate.yml');
  // JSON is YAML, which spares us a writer.
  await writeFile(config, JSON.stringify({ ...settings, ...options.config }));
  for (const [name, text] of Object.entries(options.files ?? {}))
    await writeFile(join(folder.path, name), text);
  const child = startProcess(process.execPath, [MAIN, 'serve', '--config', config, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const alarms: string[] = [];
  let ended: { readonly status: number | null } | undefined;
  const exit = new Promise<number | null>((done) => {
    child.once('close', (status) => {
      ended = { status };
      done(status);
    });
  });
  const counted = countLines(child.stdout, alarms);
  child.stderr.setEncoding('utf8').on('data', (text: string) => alarms.push(text));
  const close = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), 60_000);
    const status = await exit;
    clearTimeout(timer);
    await folder.close();
    return status;
  };
  try {
    const port = await until(
      () => {
        if (ended !== undefined) throw new Error(`the gate ended: ${alarms.join('')}`);
        return counted.port();
      },
      () => `the gate does not listen: ${alarms.join('')}`,
    );
    const pid = child.pid ?? 0;
    return {
      port,
      pid,
      alarms,
      ca: await readFile(certificatePaths(folder.path).authorityCertificate, 'utf8'),
      certs: folder.path,
      lines: counted.lines,
      presence: () => holdingsOf(pid),
      isAlive: () => ended === undefined,
      signal: (name) => void child.kill(name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Counted {
  lines(): number;
  port(): number | undefined;
}

const ALARM = /"level":[456]0/;
/**
 * Handshakes and requests that fail are what these tests make, with a cheap hash. Key and certificate are two files: a
 * look that falls between the two leaves the pair before in force. Of nothing else is to be warned.
 */
const OWED =
  /handshake failed|registry-gate doctor|plain HTTP|"msg":"request"|weak hash|password guessing blocked|are of two different pairs/;

function countLines(stream: NodeJS.ReadableStream, alarms: string[]): Counted {
  let lines = 0;
  let port: number | undefined;
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string | Buffer) => {
    const [...whole] = (rest + text.toString()).split('\n');
    rest = whole.pop() ?? '';
    lines += whole.length;
    for (const line of whole) {
      if (ALARM.test(line) && !OWED.test(line)) alarms.push(line);
      if (port === undefined && line.includes('"msg":"listening'))
        port = Number(/"port":(\d+)/.exec(line)?.[1]);
    }
  });
  return { lines: () => lines, port: () => port };
}
