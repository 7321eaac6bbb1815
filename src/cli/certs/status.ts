import { join } from 'node:path';
import { Command } from 'commander';
import { newAuthorityCure, replacementCure, type CureContext } from '../../pki/x509/refusal.ts';
import {
  readStatus,
  type CertificateStatus,
  type DirectoryStatus,
  type IssuedStatus,
} from '../../pki/authority/status.ts';
import { DAY } from '../../pki/authority/validity.ts';
import { addCertsOptions, findServedCertificate, type CertsOptions } from '../config/file-options.ts';
import { day } from './options.ts';
import { EXIT, type ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { printableJson } from '../../lib/printable.ts';

type Shown = Omit<DirectoryStatus, 'context'>;

interface Options extends CertsOptions {
  readonly json?: true;
}

const EXIT_CODES = { fine: EXIT.done, due: EXIT.due, expired: EXIT.expired, refused: EXIT.refused } as const;
const DETAILS = `
Exit code: 0 fine, 3 due for renewal (less than a third of the certificate's lifetime, or less than a year of the CA's,
is left, or less than 30 days of one that certs issue made), 4 expired, 5 refused by clients for another reason, 1 on an error. Shows the certificate of tls.certificate if
the configuration has one.
`;

/** `certs status`: shows the certificates. The exit code tells whether they need attention. */
export function statusCommand(terminal: Terminal, exit: ExitStatus): Command {
  return addCertsOptions(new Command('status'))
    .description('Show names, days left, key and fingerprint of the certificate and of the CA.')
    .option('--json', 'Print JSON.')
    .addHelpText('after', DETAILS.trimEnd())
    .action(async (options: Options) => {
      exit.code = await status(options, terminal);
    });
}

async function status(options: Options, terminal: Terminal): Promise<number> {
  const now = new Date();
  const { context, ...found } = await readStatus(await findServedCertificate(options, terminal), now);
  const { state, problems, notes, issued } = found;
  terminal.out(options.json === true ? `${printableJson(found, 2)}\n` : table(found, now));
  for (const note of notes) terminal.err(`${context.paths.certificate}: ${note}; it is served in order.\n`);
  // Expiry is the subject of `advice`.
  const others = problems.filter(({ problem }) => !/ expired on /.test(problem));
  for (const { problem, cure } of others) terminal.err(`${problem}\n  ${cure}\n`);
  if (state === 'due' || state === 'expired') terminal.err(advice(found, context));
  for (const one of issued.filter((it) => it.state === 'due' || it.state === 'expired'))
    terminal.err(`To renew ${one.name}: registry-gate certs renew --issued ${one.name}\n`);
  return EXIT_CODES[state === 'fine' ? worstOf(issued) : state];
}

/** What was issued counts where the gate's own certificates are fine. */
function worstOf(issued: readonly IssuedStatus[]): 'fine' | 'due' | 'expired' {
  if (issued.some((one) => one.state === 'expired')) return 'expired';
  return issued.some((one) => one.state === 'due') ? 'due' : 'fine';
}

function table({ certificate, authority, isOwn, issued, rollover }: Shown, now: Date): string {
  const origin = isOwn ? '' : '  (not signed by the CA of this directory)';
  const parts = [section('certificate', certificate, { origin, now })];
  if (authority !== undefined) parts.push(section('CA', authority, { origin: '', now }));
  if (rollover !== undefined) parts.push(rolloverSection(rollover));
  return [...parts, ...issued.map(issuedSection)].join('\n');
}

/** Which step was taken, since when, and which is next. */
function rolloverSection(rollover: NonNullable<Shown['rollover']>): string {
  const { step, since, fingerprint, notAfter, isBridged } = rollover;
  const other = step === 'announced' ? 'next CA' : 'old CA';
  const go = isBridged ? 'then' : 'then (clients without it are cut off)';
  const next =
    step === 'announced'
      ? `have clients trust the next CA, ${go}: registry-gate certs rollover switch`
      : 'when every client trusts the new CA: registry-gate certs rollover retire';
  return [
    `rollover  ${step} since ${day(since)}`,
    row('next', next),
    row(other, `valid until ${day(notAfter)}`),
    `${row('sha-256', fingerprint)}\n`,
  ].join('\n');
}

function issuedSection({ name, directory, hosts, state, daysLeft, notAfter, serial }: IssuedStatus): string {
  const left = state === 'fine' || state === 'due' ? `${state}, ${daysLeft} days left` : state;
  return [
    `issued  ${join(directory, name)}.crt`,
    row('names', hosts.join(', ')),
    row('state', left),
    row('valid', `until ${day(notAfter)}`),
    `${row('serial', serial)}\n`,
  ].join('\n');
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(10)}${value}`;
}

function section(
  title: string,
  status: CertificateStatus,
  { origin, now }: { readonly origin: string; readonly now: Date },
): string {
  const rows = [
    ['names', status.names.join(', ')],
    ['may sign', status.constraints ?? ''],
    ['state', stateWords(status, now)],
    ['valid', `${day(status.notBefore)} to ${day(status.notAfter)}`],
    ['key', status.keyType],
    ['subject', status.subject],
    ['issuer', `${status.issuer}${origin}`],
    ['serial', status.serial],
    ['sha-256', status.fingerprint],
  ].filter(([, value]) => value !== '');
  return `${title}  ${status.file}\n${rows.map(([name = '', value = '']) => `${row(name, value)}\n`).join('')}`;
}

function stateWords({ state, notBefore, notAfter }: CertificateStatus, now: Date): string {
  if (notBefore > now) return `not valid before ${notBefore.toISOString()}`;
  const left = notAfter.getTime() - now.getTime();
  const days = Math.floor(Math.abs(left) / DAY);
  const count = `${days} ${days === 1 ? 'day' : 'days'}`;
  return left < 0 ? `${state} ${count} ago` : `${state}, ${count} left`;
}

function advice({ certificate, authority }: Shown, context: CureContext): string {
  const isAuthority = authority !== undefined && (authority.state === 'due' || authority.state === 'expired');
  if (certificate.state === 'fine' || (isAuthority && authority.state === 'expired')) {
    return `The CA expires soon, or has expired. ${newAuthorityCure(context)}\n`;
  }
  return context.canRenew
    ? 'To renew the certificate: registry-gate certs renew\n'
    : `The certificate can't be renewed here. ${replacementCure(context)}\n`;
}
