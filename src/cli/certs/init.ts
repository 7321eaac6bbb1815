import { Command, Option } from 'commander';
import type { InitOptions, InitOutcome } from '../../pki/authority/init-certificates.ts';
import { initCertificates } from '../../pki/authority/init-certificates.ts';
import type { KeyKind } from '../../pki/x509/key-pair.ts';
import { readStatus } from '../../pki/authority/status.ts';
import { AppError } from '../../lib/errors.ts';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { exists } from '../../lib/files/exists.ts';
import { addKeyOptions, findAuthority, type KeyOptions } from '../config/file-options.ts';
import { collect, day, days, hostsFromEnvironment } from './options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Options extends KeyOptions {
  readonly host?: readonly string[];
  readonly days?: number;
  readonly caDays?: number;
  readonly key?: KeyKind;
  readonly constrain?: boolean | string;
  readonly force?: true;
  readonly offlineCa?: string;
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

--offline-ca keeps the key of a new CA off this machine: the certificate then lasts 397 days, and is renewed with
certs renew --ca-key FILE. With --ca-passphrase-file the key of a new CA is encrypted, and a gate renews if its
configuration names that file (caPassphraseFile).
`;

/** `certs init`: makes a CA if there is none, then a certificate. */
export function initCommand(terminal: Terminal): Command {
  return addKeyOptions(new Command('init'))
    .description('Make a CA if there is none, then a certificate for these names and addresses.')
    .option(
      '--host <NAME>',
      'A name or address by which clients reach the server. Repeat it, or separate several by commas.',
      collect,
    )
    .option(
      '--days <N>',
      'Lifetime of the certificate in days, at most 397. Default: 90, or 397 if serve can not renew it.',
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
    .option(
      '--offline-ca <FILE>',
      'Write the private key of a new CA to this file, or to standard output (-), and not to the certs directory.',
    )
    .option('--force', 'Make a new key and certificate in any case. Never makes a new CA.')
    .addHelpText('after', DETAILS.trimEnd())
    .action((options: Options) => init(options, terminal));
}

async function init(options: Options, terminal: Terminal): Promise<void> {
  const place = await findAuthority(options, terminal);
  const { directory } = place;
  const { offlineCa } = options;
  const now = new Date();
  const outcome = await initCertificates({
    ...place,
    hosts: hostsOf(options, terminal),
    now,
    keepKey: offlineCa === undefined ? undefined : (pem) => keepKey(pem, offlineCa, terminal),
    ...given(options),
  });
  const { certificate, authority } = await readStatus({ directory }, now);
  terminal.err(words(outcome, options, { directory, until: certificate.notAfter }));
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

/** A CA without its key is worth nothing: the key is on the disk before the CA is made. */
async function keepKey(pem: string, path: string, terminal: Terminal): Promise<void> {
  if (path === '-') {
    terminal.out(pem);
    return;
  }
  if (await exists(path)) {
    throw new AppError('USAGE', {
      message: `${path} exists, and may be the key of another CA. Nothing was changed.`,
      hint: 'Name a new file: --offline-ca FILE',
    });
  }
  await writeFileAtomic(path, pem, { mode: 0o600, forceMode: true });
}

function words(
  { authority, certificate, names, dropped }: InitOutcome,
  { offlineCa }: Options,
  { directory, until }: { readonly directory: string; readonly until: Date },
): string {
  const list = names.join(', ');
  const key =
    offlineCa === undefined
      ? 'keep ca.key secret'
      : `keep its key (${offlineCa === '-' ? 'on standard output' : offlineCa}) off this machine, and renew with --ca-key`;
  const first =
    authority === 'made'
      ? `Made a CA in ${directory}: give ca.crt to the clients, ${key}.\n`
      : `Kept the CA in ${directory}.\n`;
  return certificate === 'made'
    ? `${first}Made a certificate for ${list}, valid until ${day(until)}.\n${droppedWords(dropped)}`
    : `${first}Kept the certificate for ${list}: it is valid until ${day(until)}.\n`;
}

function droppedWords(dropped: readonly string[]): string {
  if (dropped.length === 0) return '';
  return `It no longer covers ${dropped.join(', ')}. To keep a name, repeat it with --host. To add one: registry-gate certs renew --host NAME\n`;
}
