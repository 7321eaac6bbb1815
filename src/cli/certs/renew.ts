import { Command } from 'commander';
import { renewCertificate } from '../../pki/authority/renewal.ts';
import { readStatus } from '../../pki/authority/status.ts';
import { addCertsOptions, findCertsDirectory, type CertsOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { collect, day, days } from './options.ts';

interface Options extends CertsOptions {
  readonly host?: readonly string[];
  readonly days?: number;
  readonly force?: true;
}

/** `certs renew`: makes a new key and certificate with the same names. Clients need nothing, since the CA stays. */
export function renewCommand(terminal: Terminal): Command {
  return addCertsOptions(new Command('renew'))
    .description('Renew the certificate if less than a third of its lifetime is left. The CA stays.')
    .option(
      '--host <NAME>',
      'A name or address to add, which renews the certificate at once. Repeatable.',
      collect,
    )
    .option('--days <N>', 'Lifetime of the new certificate in days, at most 397. Default: 90.', days)
    .option('--force', 'Renew it even if it is not due.')
    .action((options: Options) => renew(options, terminal));
}

async function renew(options: Options, terminal: Terminal): Promise<void> {
  const directory = await findCertsDirectory(options, terminal);
  const now = new Date();
  const outcome = await renewCertificate({
    directory,
    now,
    hosts: options.host ?? [],
    force: options.force === true,
    ...(options.days === undefined ? {} : { days: options.days }),
  });
  const { certificate } = await readStatus({ directory }, now);
  const names = certificate.names.join(', ');
  const until = day(certificate.notAfter);
  terminal.err(
    outcome === 'renewed'
      ? `Renewed the certificate for ${names}, valid until ${until}. A running gate loads it by itself.\n`
      : `The certificate for ${names} is valid until ${until} and not due for renewal. To renew it anyway: --force\n`,
  );
}
