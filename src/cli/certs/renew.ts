import { Command } from 'commander';
import { AppError } from '../../lib/errors.ts';
import { renewIssued } from '../../pki/authority/issued.ts';
import { renewCertificate } from '../../pki/authority/renewal.ts';
import { readStatus } from '../../pki/authority/status.ts';
import { addKeyOptions, findAuthority, type KeyOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { collect, day, days, describeIssued } from './options.ts';

interface Options extends KeyOptions {
  readonly host?: readonly string[];
  readonly issued?: string;
  readonly days?: number;
  readonly force?: true;
}

/** `certs renew`: makes a new key and certificate with the same names. Clients need nothing, since the CA stays. */
export function renewCommand(terminal: Terminal): Command {
  return addKeyOptions(new Command('renew'))
    .description('Renew the certificate if less than a third of its lifetime is left. The CA stays.')
    .option(
      '--host <NAME>',
      'A name or address to add, which renews the certificate at once. Repeatable.',
      collect,
    )
    .option(
      '--days <N>',
      'Lifetime of the new certificate in days, at most 397. Default: 90, or 397 with --ca-key.',
      days,
    )
    .option('--force', 'Renew it even if it is not due.')
    .option('--issued <NAME>', 'Renew a certificate that certs issue made for another service, due or not.')
    .action((options: Options) => renew(options, terminal));
}

async function renew(options: Options, terminal: Terminal): Promise<void> {
  const place = await findAuthority(options, terminal);
  const { directory } = place;
  const now = new Date();
  if (options.issued !== undefined) {
    if (options.host !== undefined) throw hostAndIssued();
    const issued = await renewIssued({ ...place, now, days: options.days }, options.issued);
    terminal.err(`Renewed ${describeIssued(issued)}`);
    return;
  }
  const outcome = await renewCertificate({
    ...place,
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

function hostAndIssued(): AppError {
  return new AppError('USAGE', {
    message: '--host adds a name to the certificate of the gate, and --issued names another one.',
    hint: 'To change the hosts of an issued certificate: registry-gate certs issue --force --host NAME-OR-ADDRESS',
  });
}
