import { Command, Option } from 'commander';
import type { X509Certificate } from 'node:crypto';
import { yamlEditor } from '../../config/yaml-edit.ts';
import { AppError } from '../../lib/errors.ts';
import { TRUST_CLIENTS, type TrustClient } from '../../pki/trust/clients.ts';
import { installedClients } from '../../pki/trust/installed.ts';
import { checkKept } from '../../pki/trust/follow.ts';
import { planTrust, planUndo, type TrustStep } from '../../pki/trust/plan.ts';
import { applyPlan } from '../../pki/trust/steps/apply.ts';
import { PRINT_FORMATS } from '../../pki/trust/print/print-plan.ts';
import type { TrustRequest } from '../../pki/trust/stores/store.ts';
import { insecureWarning, nameWarning } from '../../pki/trust/trust-warnings.ts';
import { checkRights, thisMachine, parseClient, parseRegistry } from '../../pki/trust/trust-target.ts';
import { addCertsOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { collect } from './options.ts';
import { isElsewhere, trustElsewhere, type ElsewhereOptions } from './trust-elsewhere.ts';
import { printDone, printJson, printPlan, type ClientReport } from './trust-report.ts';
import { readSource, type SourceOptions } from './trust-source.ts';

interface Options extends SourceOptions, ElsewhereOptions {
  readonly for?: string;
  readonly all?: true;
}

const DETAILS = `
The CA certificate comes from the certs directory, from a file (--ca), or from a running gate (--from). One from a gate
must have the SHA-256 of --fingerprint, which certs status prints on the server.
Root writes the files of the machine, other users those of rootless clients. A key is never written.
`;

/** `certs trust`: installs the CA certificate in the trust store of a client, or removes it. */
export function trustCommand(terminal: Terminal): Command {
  return addCertsOptions(new Command('trust'))
    .description('Make clients on this machine trust the CA of a registry.')
    .argument('<registry>', 'The registry as in image names: HOST or HOST:PORT.')
    .option('--for <CLIENT>', `The client: ${TRUST_CLIENTS.join(', ')}.`)
    .option('--all', 'Every client that is installed here and that this user can set up.')
    .option('--ssh <HOST>', 'Do it on another machine, by ssh: [USER@]HOST. Repeatable.', collect)
    .addOption(
      new Option('--print <FORMAT>', 'Print it for other machines, as YAML, and change nothing.').choices(
        PRINT_FORMATS,
      ),
    )
    .option('--ca <FILE>', 'The CA certificate, instead of ca.crt in the certs directory.')
    .option('--from <URL>', 'Fetch the CA certificate from a running gate: https://HOST[:PORT].')
    .option('--fingerprint <HEX>', 'SHA-256 that the fetched certificate must have.')
    .option(
      '--follow',
      'Trust the CA that replaces the one in --ca, if that one has signed it. Run it daily.',
    )
    .option('--dry-run', 'Show what would be done, and change nothing.')
    .option('--undo', 'Remove what this command wrote.')
    .option('--force', 'Replace a file that has other content.')
    .option('--json', 'Print what is done as JSON.')
    .addHelpText('after', DETAILS.trimEnd())
    .action((registry: string, options: Options) => trust(registry, options, terminal));
}

async function trust(registry: string, options: Options, terminal: Terminal): Promise<void> {
  const named = chooseClient(options);
  const isForOthers = isElsewhere(named, options);
  const endpoint = parseRegistry(registry);
  const { authority, server } = await readSource(options, endpoint, terminal);
  if (named !== undefined && isForOthers)
    return trustElsewhere({ client: named, endpoint, authority }, options, terminal);
  const machine = await thisMachine(terminal.env);
  const request = { endpoint, authority, machine };
  const clients = named === undefined ? await installedClients(machine) : [named];
  const warnings = options.undo === true ? [] : await findWarnings(clients, request, server);
  const { reports, failures } = await runAll(clients, request, options);
  print(terminal, options, reports, warnings);
  refuseFailures(clients, failures, named === undefined);
}

function print(
  terminal: Terminal,
  { json, dryRun }: Options,
  reports: readonly ClientReport[],
  warnings: readonly string[],
): void {
  if (json === true) printJson(terminal, reports, warnings);
  else for (const report of reports) (dryRun === true ? printPlan : printDone)(terminal, report);
  for (const warning of warnings) terminal.err(`Warning: ${warning}\n`);
}

/** The client that is named; undefined for all that are installed. */
function chooseClient(options: Options): TrustClient | undefined {
  if ((options.for === undefined) === (options.all === undefined)) {
    throw new AppError('USAGE', {
      message: options.for === undefined ? 'The client is missing.' : '--for and --all exclude each other.',
      hint: `Give --for with one of ${TRUST_CLIENTS.join(', ')}, or --all for every client that is installed here.`,
    });
  }
  return options.for === undefined ? undefined : parseClient(options.for);
}

interface Outcome {
  readonly reports: readonly ClientReport[];
  readonly failures: readonly { readonly client: TrustClient; readonly error: unknown }[];
}

/** One client that fails does not keep the others from being set up. */
async function runAll(
  clients: readonly TrustClient[],
  request: TrustRequest,
  options: Options,
): Promise<Outcome> {
  const reports: ClientReport[] = [];
  const failures: Outcome['failures'][number][] = [];
  for (const client of clients) {
    try {
      reports.push(await runFor(client, request, options));
    } catch (error) {
      failures.push({ client, error });
    }
  }
  return { reports, failures };
}

async function runFor(client: TrustClient, request: TrustRequest, options: Options): Promise<ClientReport> {
  const plan = (options.undo === true ? planUndo : planTrust)({ client, ...request });
  const { byHand, notes } = plan;
  const steps = options.follow === true ? certificatesOf(client, plan.steps) : plan.steps;
  if (options.dryRun === true) {
    return { client, steps: steps.map((step) => ({ step, outcome: 'planned' })), byHand, notes };
  }
  checkRights(client, request.machine);
  if (options.follow === true) await checkAllKept(steps);
  const outcomes = await applyPlan(
    { steps, byHand, notes },
    { force: options.force === true || options.follow === true, yaml: yamlEditor },
  );
  return { client, steps: outcomes, byHand, notes };
}

/** The files with certificates: what else was written once stays. Programs that keep certificates by name take one at a time. */
function certificatesOf(client: TrustClient, steps: readonly TrustStep[]): readonly TrustStep[] {
  if (steps.some(({ action }) => action !== 'write')) throw notFollowed(client);
  return steps.filter((step) => step.action === 'write' && step.content.includes('BEGIN CERTIFICATE'));
}

async function checkAllKept(steps: readonly TrustStep[]): Promise<void> {
  for (const step of steps) if (step.action === 'write') await checkKept(step.path, step.content);
}

function notFollowed(client: TrustClient): AppError {
  return new AppError('TRUST_FAILED', {
    message: `${client} can't follow a CA by itself: its trust store is more than files of this registry.`,
    hint: 'Trust the new CA by its fingerprint, which certs status prints on the server: --from URL --fingerprint HEX',
  });
}

async function findWarnings(
  clients: readonly TrustClient[],
  { machine, endpoint }: TrustRequest,
  server: X509Certificate | undefined,
): Promise<readonly string[]> {
  const insecure = await Promise.all(clients.map((client) => insecureWarning(client, machine, endpoint)));
  const found = [server && nameWarning(server, endpoint), ...insecure];
  return [...new Set(found.filter((text) => text !== undefined))];
}

function refuseFailures(
  clients: readonly TrustClient[],
  failures: Outcome['failures'],
  isAll: boolean,
): void {
  if (clients.length === 0) {
    throw new AppError('TRUST_FAILED', {
      message: 'No client that this command knows is installed here, or none that this user can set up.',
      hint: 'Name one: --for CLIENT. For those of the machine, run the command with sudo.',
    });
  }
  const [first] = failures;
  if (first === undefined) return;
  if (!isAll) throw first.error;
  throw new AppError('TRUST_FAILED', {
    message: `${failures.length} of ${clients.length} clients were not set up. ${failures.map(describeFailure).join(' ')}`,
    hint: first.error instanceof AppError ? first.error.hint : undefined,
  });
}

function describeFailure({ client, error }: Outcome['failures'][number]): string {
  return `${client}: ${error instanceof Error ? error.message : String(error)}`;
}
