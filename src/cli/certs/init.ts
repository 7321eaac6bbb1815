import { Command, Option } from 'commander';
import type { InitOptions, InitOutcome } from '../../pki/authority/init-certificates.ts';
import { initCertificates } from '../../pki/authority/init-certificates.ts';
import type { KeyKind } from '../../pki/x509/key-pair.ts';
import { readStatus } from '../../pki/authority/status.ts';
import { AppError } from '../../lib/errors.ts';
import { addCertsOptions, findCertsDirectory, type CertsOptions } from '../config/file-options.ts';
import { collect, day, days, hostsFromEnvironment } from './options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Options extends CertsOptions {
  readonly host?: readonly string[];
  readonly days?: number;
  readonly caDays?: number;
  readonly key?: KeyKind;
  readonly constrain?: boolean | string;
  readonly force?: true;
}

const DETAILS = `
An existing CA is never replaced, and a certificate that is good for these names is kept, so the command can run at
every start. Without --host the names come from REGISTRY_GATE_HOSTS.

A new CA is bound to what it may sign, so that a stolen ca.key can't impersonate other sites: the names of --host with
all below them, the names that nobody can register (localhost, .lan, .local, .internal, .home, .home.arpa, .corp,
.intranet, .private, .test) and the private addresses. --constrain binds it to a list of your own or, without a LIST, to
the names of --host and the block of each private address (10.0.0.0/8). A name that is left out needs a new CA later,
which every client has to trust. --no-constrain makes a CA that may sign every name, for clients that do not know name
constraints (docs/certificates.md).
`;

/** `certs init`: makes a CA if there is none, then a certificate. */
export function initCommand(terminal: Terminal): Command {
  return addCertsOptions(new Command('init'))
    .description('Make a CA if there is none, then a certificate for these names and addresses.')
    .option(
      '--host <NAME>',
      'A name or address by which clients reach the server. Repeat it, or separate several by commas.',
      collect,
    )
    .option(
      '--days <N>',
      'Lifetime of the certificate in days, at most 397. Default: 90; serve renews it.',
      days,
    )
    .option('--ca-days <N>', 'Lifetime of a new CA in days. Default: 3650.', days)
    .addOption(
      new Option(
        '--key <TYPE>',
        'Type of the keys. Default: that of the existing certificate, else ecdsa.',
      ).choices(['ecdsa', 'rsa']),
    )
    .option('--constrain [LIST]', 'Bind a new CA to domains and blocks of addresses: example.lan,10.0.0.0/8.')
    .option('--no-constrain', 'Let a new CA sign every name.')
    .option('--force', 'Make a new key and certificate in any case. Never makes a new CA.')
    .addHelpText('after', DETAILS.trimEnd())
    .action((options: Options) => init(options, terminal));
}

async function init(options: Options, terminal: Terminal): Promise<void> {
  const directory = await findCertsDirectory(options, terminal);
  const now = new Date();
  const outcome = await initCertificates({
    directory,
    hosts: hostsOf(options, terminal),
    now,
    ...given(options),
  });
  const { certificate, authority } = await readStatus({ directory }, now);
  terminal.err(words(outcome, directory, certificate.notAfter));
  if (outcome.authority === 'made' && authority !== undefined) {
    const host = outcome.names[0] ?? 'HOST';
    if (authority.constraints !== undefined) terminal.err(`The CA may sign ${authority.constraints}.\n`);
    terminal.err(
      `SHA-256 of the CA: ${authority.fingerprint}\n` +
        `Next, on each client:  registry-gate certs trust --for docker ${host} --from https://${host} --fingerprint ${authority.fingerprint.replaceAll(':', '').toLowerCase()}\n`,
    );
  }
}

function given(options: Options): Partial<InitOptions> {
  return {
    ...(options.days === undefined ? {} : { days: options.days }),
    ...(options.caDays === undefined ? {} : { authorityDays: options.caDays }),
    ...(options.key === undefined ? {} : { keyKind: options.key }),
    ...(options.constrain === undefined ? {} : { constrain: options.constrain }),
    ...(options.force === undefined ? {} : { force: true }),
  };
}

function hostsOf(options: Options, terminal: Terminal): readonly string[] {
  if (options.host !== undefined) return options.host;
  const fromEnvironment = hostsFromEnvironment(terminal);
  if (fromEnvironment.length > 0) return fromEnvironment;
  throw new AppError('USAGE', {
    message: 'No host was given to make a certificate for.',
    hint: 'Name this server as clients do: registry-gate certs init --host registry.lan --host 10.0.0.5',
  });
}

function words(
  { authority, certificate, names, dropped }: InitOutcome,
  directory: string,
  until: Date,
): string {
  const list = names.join(', ');
  const first =
    authority === 'made'
      ? `Made a CA in ${directory}: give ca.crt to the clients, keep ca.key secret.\n`
      : `Kept the CA in ${directory}.\n`;
  return certificate === 'made'
    ? `${first}Made a certificate for ${list}, valid until ${day(until)}.\n${droppedWords(dropped)}`
    : `${first}Kept the certificate for ${list}: it is valid until ${day(until)}.\n`;
}

function droppedWords(dropped: readonly string[]): string {
  if (dropped.length === 0) return '';
  return `It no longer covers ${dropped.join(', ')}. To keep a name, repeat it with --host. To add one: registry-gate certs renew --host NAME\n`;
}
