import { Command } from 'commander';
import type { CertificateStatus, DirectoryStatus } from '../certs/status.ts';
import { readStatus } from '../certs/status.ts';
import type { DirectoryOptions } from './certs-options.ts';
import { addDirectoryOptions, certsDirectory, day } from './certs-options.ts';
import type { Outcome } from './outcome.ts';
import { EXIT } from './outcome.ts';
import type { Terminal } from './terminal.ts';

interface Options extends DirectoryOptions {
  readonly json?: true;
}

const EXIT_CODES = { fine: EXIT.done, due: EXIT.due, expired: EXIT.expired } as const;
const DETAILS = `
Exit code: 0 fine, 3 due for renewal (less than a third of the certificate's life, or less than a year of the CA's, is
left), 4 expired, 1 where it can't be told.
`;

/** `certs status`: what there is, and by exit code whether something has to be done. */
export function statusCommand(terminal: Terminal, outcome: Outcome): Command {
  return addDirectoryOptions(new Command('status'))
    .description('Show names, days left, key and fingerprint of the certificate and of the CA.')
    .option('--json', 'Print JSON.')
    .addHelpText('after', DETAILS)
    .action(async (options: Options) => {
      outcome.exitCode = await status(options, terminal);
    });
}

async function status(options: Options, terminal: Terminal): Promise<number> {
  const found = await readStatus(await certsDirectory(options, terminal), new Date());
  terminal.out(options.json === true ? `${JSON.stringify(found, undefined, 2)}\n` : table(found));
  if (found.state !== 'fine') terminal.err(advice(found));
  return EXIT_CODES[found.state];
}

function table({ certificate, authority, isOwn }: DirectoryStatus): string {
  const origin = isOwn ? '' : '  (not signed by the CA of this directory)';
  const parts = [section('certificate', certificate, origin)];
  if (authority !== undefined) parts.push(section('CA', authority, ''));
  return parts.join('\n');
}

function section(title: string, status: CertificateStatus, origin: string): string {
  const rows = [
    ['names', status.names.join(', ')],
    ['may sign', status.constraints ?? ''],
    ['state', `${status.state}, ${status.daysLeft} days left`],
    ['valid', `${day(status.notBefore)} to ${day(status.notAfter)}`],
    ['key', status.keyType],
    ['subject', status.subject],
    ['issuer', `${status.issuer}${origin}`],
    ['sha-256', status.fingerprint],
  ].filter(([, value]) => value !== '');
  return `${title}  ${status.file}\n${rows.map(([name = '', value = '']) => `  ${name.padEnd(10)}${value}\n`).join('')}`;
}

function advice({ certificate, authority }: DirectoryStatus): string {
  const isAuthority = authority !== undefined && authority.state !== 'fine';
  if (certificate.state === 'fine' || (isAuthority && authority.state === 'expired')) {
    return 'The CA nears its end or is past it: make a new one in another directory (certs init --certs DIR), and have every client trust it.\n';
  }
  return 'To renew the certificate: registry-gate certs renew\n';
}
