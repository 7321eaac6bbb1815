import { Command } from 'commander';
import type { StepOutcome } from '../certs/trust/apply.ts';
import { applyPlan } from '../certs/trust/apply.ts';
import { downloadAuthority, readAuthorityFile, readAuthorityOf } from '../certs/trust/authority-source.ts';
import type { TrustPlan, TrustStep } from '../certs/trust/plan.ts';
import { TRUST_CLIENTS, planTrust, planUndo } from '../certs/trust/plan.ts';
import { checkRights, currentPlace, parseClient, parseRegistry } from '../certs/trust/trust-target.ts';
import { AppError } from '../lib/errors.ts';
import type { DirectoryOptions } from './certs-options.ts';
import { addDirectoryOptions, certsDirectory } from './certs-options.ts';
import type { Terminal } from './terminal.ts';
import { printableJson } from '../lib/printable.ts';

interface Options extends DirectoryOptions {
  readonly for: string;
  readonly ca?: string;
  readonly from?: string;
  readonly fingerprint?: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly force?: true;
  readonly json?: true;
}

const DETAILS = `
The CA certificate comes from the certs directory, from a file (--ca), or from the running gate (--from), which is
believed only where the SHA-256 of the certificate is the one of --fingerprint: see certs status on the server.
As root the files of the machine are written, otherwise those of rootless clients. A key is never written.
`;

/** `certs trust`: puts the CA certificate where a client looks for it, and takes it away again. */
export function trustCommand(terminal: Terminal): Command {
  return addDirectoryOptions(new Command('trust'))
    .description('Have a client on this machine trust the CA for a registry.')
    .argument('<registry>', 'The registry as in image names: HOST or HOST:PORT.')
    .requiredOption('--for <CLIENT>', `Who shall trust it: ${TRUST_CLIENTS.join(', ')}.`)
    .option('--ca <FILE>', 'The CA certificate, instead of ca.crt in the certs directory.')
    .option('--from <URL>', 'Fetch the CA certificate from a running gate: https://HOST[:PORT].')
    .option('--fingerprint <HEX>', 'SHA-256 that the fetched certificate must have.')
    .option('--dry-run', 'Say what would be done, and do nothing.')
    .option('--undo', 'Take back what this command wrote.')
    .option('--force', 'Replace a file that has other content.')
    .option('--json', 'Print what is done as JSON.')
    .addHelpText('after', DETAILS)
    .action((registry: string, options: Options) => trust(registry, options, terminal));
}

async function trust(registry: string, options: Options, terminal: Terminal): Promise<void> {
  const client = parseClient(options.for);
  const endpoint = parseRegistry(registry);
  const authority = await readAuthority(options, terminal);
  const place = await currentPlace(terminal.env['XDG_CONFIG_HOME']);
  const plan = (options.undo === true ? planUndo : planTrust)({ client, endpoint, authority, place });
  if (options.dryRun === true) {
    terminal.out(options.json === true ? json(plan) : plan.steps.map(describeStep).join(''));
    return;
  }
  checkRights(client, place);
  const outcomes = await applyPlan(plan, { force: options.force === true });
  if (options.json === true) terminal.out(json({ steps: outcomes, notes: plan.notes }));
  terminal.err(outcomes.map(describeOutcome).join(''));
  terminal.err(plan.notes.map((note) => `${note}\n`).join(''));
}

async function readAuthority(options: Options, terminal: Terminal): Promise<string> {
  const { ca, from, fingerprint } = options;
  if (from !== undefined && ca !== undefined) throw usage('--ca and --from exclude each other.', undefined);
  if (from !== undefined && fingerprint === undefined) {
    throw usage(
      '--from needs --fingerprint: without it whoever sits in between could hand out a CA of their own.',
      'On the server, registry-gate certs status prints it (sha-256 of the CA).',
    );
  }
  if (from !== undefined && fingerprint !== undefined) return downloadAuthority({ url: from, fingerprint });
  if (fingerprint !== undefined) throw usage('--fingerprint goes with --from.', undefined);
  return ca === undefined ? readAuthorityOf(await certsDirectory(options, terminal)) : readAuthorityFile(ca);
}

function describeStep(step: TrustStep): string {
  switch (step.action) {
    case 'write':
      return `write ${step.path}\n${step.content.replaceAll(/^(?=.)/gm, '    ')}`;
    case 'remove':
      return `remove ${step.path}\n`;
    case 'run':
      return `run ${step.command.join(' ')}\n`;
  }
}

function describeOutcome({ step, outcome }: StepOutcome): string {
  const what = step.action === 'run' ? step.command.join(' ') : step.path;
  if (outcome === 'kept') return `Left ${what}: it has other content.\n`;
  if (step.action === 'run') return outcome === 'done' ? `Ran ${what}.\n` : '';
  if (step.action === 'remove') return outcome === 'done' ? `Removed ${what}.\n` : `${what} was not there.\n`;
  return outcome === 'done' ? `Wrote ${what}.\n` : `${what} was there already.\n`;
}

function json(
  value: TrustPlan | { readonly steps: readonly StepOutcome[]; readonly notes: readonly string[] },
): string {
  return `${printableJson(value, 2)}\n`;
}

function usage(message: string, hint: string | undefined): AppError {
  return new AppError('USAGE', { message, hint });
}
