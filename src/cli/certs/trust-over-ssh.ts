import { spawn } from 'node:child_process';
import { AppError, systemCode } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { TrustClient } from '../../pki/trust/clients.ts';
import { SCRIPT_CLIENTS, TRUST_SCRIPTS } from '../../pki/trust/trust-scripts.ts';
import { registryName, type TrustRequest } from '../../pki/trust/stores/store.ts';
import { authorityFingerprint } from '../../pki/x509/certificate-file.ts';

/** What happened on one machine. */
interface HostReport {
  readonly host: string;
  readonly ok: boolean;
  /** What the script and ssh printed, without characters that a terminal obeys. */
  readonly lines: readonly string[];
}

interface SshOrder extends Omit<TrustRequest, 'machine'> {
  readonly client: TrustClient;
}

const MOST_OUTPUT = 64 * 1024;
/** A machine that answers and does nothing keeps the others waiting no longer. The script takes seconds. */
const LIMIT_MS = 10 * 60_000;
/** Belongs to the user that logs in; all else is set up for the machine. */
const OF_A_USER: readonly TrustClient[] = ['docker-rootless', 'docker-desktop', 'buildx'];
/** `user@host`, as ssh takes it, or `ssh://user@host:port`. Nothing that ssh would take for an option. */
const HOST =
  /^(?:ssh:\/\/)?(?:[A-Za-z0-9_][\w.+-]*@)?(?:[A-Za-z0-9_][\w.%-]*|\[[0-9A-Fa-f:.%\w]+\])(?::\d{1,5})?$/;

/** Throws AppError USAGE for a host that ssh could misread, and for a client that the script does not know. */
export function checkSsh(hosts: readonly string[], client: TrustClient): void {
  if (!hosts.every((host) => HOST.test(host))) {
    throw new AppError('USAGE', {
      message: '--ssh takes [USER@]HOST or ssh://[USER@]HOST[:PORT].',
      hint: 'For example: --ssh root@node1 --ssh ssh://admin@node2:2222',
    });
  }
  if (!SCRIPT_CLIENTS.includes(client)) {
    throw new AppError('USAGE', {
      message: `${client} can't be set up over ssh: its commands are not in the script that runs there.`,
      hint: `--ssh takes --for with one of ${SCRIPT_CLIENTS.join(', ')}. Look at --print for the others.`,
    });
  }
}

/** The arguments of ssh for one machine. */
export function sshArguments(host: string, { client, endpoint, authority }: SshOrder): readonly string[] {
  const words = [client, registryName(endpoint), authorityFingerprint(authority).toLowerCase()].map(
    shellWord,
  );
  const script = `sh -s -- ${words.join(' ')}`;
  const command = OF_A_USER.includes(client)
    ? `exec ${script}`
    : `if [ "$(id -u)" = 0 ]; then exec ${script}; else exec sudo -n ${script}; fi`;
  return ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=20', '--', host, command];
}

/** Runs the script on each machine in turn, with the certificate in it: the machine fetches nothing. One that fails does not keep the next from being set up. */
export async function trustOverSsh(
  hosts: readonly string[],
  order: SshOrder,
  limitMs = LIMIT_MS,
): Promise<readonly HostReport[]> {
  const calls = hosts.map((host) => ({ host, args: sshArguments(host, order) }));
  const input = `REGISTRY_GATE_CA=${shellWord(order.authority)}\n${TRUST_SCRIPTS['/trust.sh'].text}`;
  const reports: HostReport[] = [];
  for (const { host, args } of calls) reports.push({ host, ...(await callSsh(args, input, limitMs)) });
  return reports;
}

async function callSsh(
  args: readonly string[],
  input: string,
  limitMs: number,
): Promise<Omit<HostReport, 'host'>> {
  const { promise, resolve, reject } = Promise.withResolvers<Omit<HostReport, 'host'>>();
  const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: limitMs });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(0, MOST_OUTPUT);
    });
  }
  // ssh that could not connect reads nothing.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  child.on('error', reject);
  child.on('close', (code) => {
    const lines = output.split('\n').filter(Boolean).map(printable);
    const cut = child.killed ? [`It did not end within ${limitMs / 1000} s.`] : [];
    resolve({ ok: code === 0, lines: [...lines, ...cut] });
  });
  return promise.catch((error: unknown) => {
    throw new AppError('TRUST_FAILED', {
      message: `ssh could not be started (${systemCode(error) ?? 'unknown'}).`,
      hint: 'Install the OpenSSH client, or run the same command on the machine itself.',
      cause: error,
    });
  });
}
