import { Command } from 'commander';
import type { X509Certificate } from 'node:crypto';
import { readMaterial } from '../../pki/authority/material.ts';
import { applyPlan, type StepOutcome } from '../../pki/trust/apply.ts';
import { downloadAuthority, readAuthorityFile, readAuthorityOf } from '../../pki/trust/authority-source.ts';
import { TRUST_CLIENTS, planTrust, planUndo, type TrustStep } from '../../pki/trust/plan.ts';
import { insecureWarning, nameWarning } from '../../pki/trust/trust-warnings.ts';
import { checkRights, thisMachine, parseClient, parseRegistry } from '../../pki/trust/trust-target.ts';
import { AppError } from '../../lib/errors.ts';
import { addCertsOptions, findServedCertificate, type CertsOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { printableJson } from '../../lib/printable.ts';

interface Options extends CertsOptions {
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
The CA certificate comes from the certs directory, from a file (--ca), or from a running gate (--from). One from a gate
must have the SHA-256 of --fingerprint, which certs status prints on the server.
Root writes the files of the machine, other users those of rootless clients. A key is never written.
`;

/** `certs trust`: installs the CA certificate in the trust store of a client, or removes it. */
export function trustCommand(terminal: Terminal): Command {
  return addCertsOptions(new Command('trust'))
    .description('Make a client on this machine trust the CA of a registry.')
    .argument('<registry>', 'The registry as in image names: HOST or HOST:PORT.')
    .requiredOption('--for <CLIENT>', `The client: ${TRUST_CLIENTS.join(', ')}.`)
    .option('--ca <FILE>', 'The CA certificate, instead of ca.crt in the certs directory.')
    .option('--from <URL>', 'Fetch the CA certificate from a running gate: https://HOST[:PORT].')
    .option('--fingerprint <HEX>', 'SHA-256 that the fetched certificate must have.')
    .option('--dry-run', 'Show what would be done, and change nothing.')
    .option('--undo', 'Remove what this command wrote.')
    .option('--force', 'Replace a file that has other content.')
    .option('--json', 'Print what is done as JSON.')
    .addHelpText('after', DETAILS.trimEnd())
    .action((registry: string, options: Options) => trust(registry, options, terminal));
}

async function trust(registry: string, options: Options, terminal: Terminal): Promise<void> {
  const client = parseClient(options.for);
  const endpoint = parseRegistry(registry);
  const { authority, server } = await readSource(options, terminal);
  const machine = await thisMachine(terminal.env['XDG_CONFIG_HOME']);
  const isUndo = options.undo === true;
  const plan = (isUndo ? planUndo : planTrust)({ client, endpoint, authority, machine });
  const warnings = isUndo
    ? []
    : [server && nameWarning(server, endpoint), await insecureWarning(client, machine, endpoint)].filter(
        (warning) => warning !== undefined,
      );
  const isDry = options.dryRun === true;
  if (!isDry) checkRights(client, machine);
  const outcomes = isDry
    ? plan.steps.map((step) => ({ step, outcome: 'planned' as const }))
    : await applyPlan(plan, { force: options.force === true });
  if (options.json === true) terminal.out(json(outcomes, plan.notes, warnings));
  else if (isDry) terminal.out(plan.steps.map(describeStep).join(''));
  if (!isDry)
    terminal.err([...outcomes.map(describeOutcome), ...plan.notes.map((note) => `${note}\n`)].join(''));
  for (const warning of warnings) terminal.err(`Warning: ${warning}\n`);
}

interface Source {
  /** PEM of the CA certificate. */
  readonly authority: string;
  /** The certificate of the server, if it is known. */
  readonly server: X509Certificate | undefined;
}

async function readSource(options: Options, terminal: Terminal): Promise<Source> {
  const { ca, from, fingerprint } = options;
  if (from !== undefined && ca !== undefined) throw usage('--ca and --from exclude each other.', undefined);
  if (from !== undefined && fingerprint === undefined) {
    throw usage(
      '--from needs --fingerprint: without it a man in the middle could supply another CA.',
      'On the server, registry-gate certs status prints it (sha-256 of the CA).',
    );
  }
  if (from !== undefined && fingerprint !== undefined) return fetchSource(from, fingerprint);
  if (fingerprint !== undefined) throw usage('--fingerprint needs --from.', undefined);
  if (ca !== undefined) return { authority: await readAuthorityFile(ca), server: undefined };
  const served = await findServedCertificate(options, terminal);
  const authority = await readAuthorityOf(served.directory);
  // The certificate of the server need not be on this machine: it only serves for a warning.
  const server = await readMaterial(served, new Date(), { mayLackKey: true }).catch(() => undefined);
  return { authority, server: server?.chain[0] };
}

async function fetchSource(url: string, fingerprint: string): Promise<Source> {
  let server: X509Certificate | undefined;
  const authority = await downloadAuthority({ url, fingerprint, onServer: (seen) => (server = seen) });
  return { authority, server };
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

interface ReportedStep {
  readonly step: TrustStep;
  readonly outcome: StepOutcome['outcome'] | 'planned';
}

function describeOutcome({ step, outcome }: ReportedStep): string {
  const what = step.action === 'run' ? step.command.join(' ') : step.path;
  if (outcome === 'kept') return `Left ${what}: it has other content.\n`;
  if (step.action === 'run') return outcome === 'done' ? `Ran ${what}.\n` : '';
  if (step.action === 'remove') return outcome === 'done' ? `Removed ${what}.\n` : `${what} did not exist.\n`;
  return outcome === 'done' ? `Wrote ${what}.\n` : `${what} is up to date.\n`;
}

/** Each step with its `outcome`, which is `planned` in a dry run. */
function json(
  outcomes: readonly ReportedStep[],
  notes: readonly string[],
  warnings: readonly string[],
): string {
  const steps = outcomes.map(({ step, outcome }) => ({ ...step, outcome }));
  return `${printableJson({ steps, notes, warnings }, 2)}\n`;
}

function usage(message: string, hint: string | undefined): AppError {
  return new AppError('USAGE', { message, hint });
}
