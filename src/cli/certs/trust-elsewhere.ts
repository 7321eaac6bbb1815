import { renderYaml } from '../../config/yaml-text.ts';
import { AppError } from '../../lib/errors.ts';
import { printableJson } from '../../lib/printable.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { TrustClient } from '../../pki/trust/clients.ts';
import { printablePlan, type PRINT_FORMATS } from '../../pki/trust/print/print-plan.ts';
import type { TrustRequest } from '../../pki/trust/stores/store.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { checkSsh, sshArguments, trustOverSsh } from './trust-over-ssh.ts';

/** The options for machines other than this one. */
export interface ElsewhereOptions {
  readonly ssh?: readonly string[];
  readonly print?: (typeof PRINT_FORMATS)[number];
  readonly dryRun?: true;
  readonly undo?: true;
  readonly force?: true;
  readonly json?: true;
}

interface Order extends Omit<TrustRequest, 'machine'> {
  readonly client: TrustClient;
}

/** Reports whether it is about other machines. Throws AppError USAGE for options that do not go together. */
export function isElsewhere(client: TrustClient | undefined, options: ElsewhereOptions): boolean {
  const { ssh, print } = options;
  if (ssh === undefined && print === undefined) return false;
  if (client === undefined) {
    throw excluded(
      '--all looks at what is installed on this machine, and --ssh and --print are for others.',
      'Name a client: --for CLIENT',
    );
  }
  checkUse(options);
  if (ssh !== undefined) checkSsh(ssh, client);
  return true;
}

/** Prints a plan for other machines, or carries it out there by ssh. Throws AppError USAGE, TRUST_FAILED. */
export async function trustElsewhere(
  order: Order,
  options: ElsewhereOptions,
  terminal: Terminal,
): Promise<void> {
  const { print, ssh = [] } = options;
  if (print !== undefined) {
    const header = print === 'cloud-init' ? '#cloud-config\n' : '';
    terminal.out(`${header}${renderYaml(printablePlan({ ...order, format: print }))}`);
  } else if (options.dryRun === true) {
    const lines = ssh.map((host) => ['ssh', ...sshArguments(host, order)].map(shellWord).join(' '));
    terminal.out(lines.map((line) => `run ${line}\n`).join(''));
  } else {
    await overSsh(ssh, order, options, terminal);
  }
}

function checkUse({ ssh, print, undo, force, json }: ElsewhereOptions): void {
  if (ssh !== undefined && print !== undefined) throw excluded('--ssh and --print exclude each other.');
  if (undo === true)
    throw excluded('--undo works on the machine itself.', 'Log in there, and run the same with --undo.');
  if (force === true) throw excluded('--force works on the machine itself.');
  if (json === true && print !== undefined) throw excluded('--print prints YAML, so --json has no use.');
}

async function overSsh(
  hosts: readonly string[],
  order: Order,
  { json }: ElsewhereOptions,
  terminal: Terminal,
): Promise<void> {
  const reports = await trustOverSsh(hosts, order);
  if (json === true) terminal.out(`${printableJson({ hosts: reports }, 2)}\n`);
  for (const { host, ok, lines } of json === true ? [] : reports) {
    terminal.err(`${host}: ${ok ? 'done' : 'failed'}\n${lines.map((line) => `    ${line}\n`).join('')}`);
  }
  const failed = reports.filter(({ ok }) => !ok).map(({ host }) => host);
  if (failed.length === 0) return;
  throw new AppError('TRUST_FAILED', {
    message: `${failed.length} of ${hosts.length} machines were not set up: ${failed.join(', ')}.`,
    hint: 'Look at what ssh says for each. It asks for no password: use a key, and root or a user whose sudo asks for none.',
  });
}

function excluded(message: string, hint?: string): AppError {
  return new AppError('USAGE', { message, hint });
}
