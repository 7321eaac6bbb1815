import { Command, Option } from 'commander';
import { issueCertificate } from '../../pki/authority/issued.ts';
import type { KeyKind } from '../../pki/x509/key-pair.ts';
import { addKeyOptions, findAuthority, type KeyOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { collect, days, describeIssued } from './options.ts';

interface Options extends KeyOptions {
  readonly host: readonly string[];
  readonly out?: string;
  readonly name?: string;
  readonly days?: number;
  readonly key?: KeyKind;
  readonly force?: true;
}

const DETAILS = `
NAME.crt holds the certificate, NAME.key its private key, readable only for its owner. Give both to the service. The
gate does not renew them: certs status tells when they are due, and certs renew --issued NAME renews them in place.
`;

/** `certs issue`: a certificate of the gate's CA for another service. */
export function issueCommand(terminal: Terminal): Command {
  return addKeyOptions(new Command('issue'))
    .description('Make a certificate of the CA for another service, such as the registry behind the gate.')
    .requiredOption('--host <NAME>', 'A name or address of the service. Repeatable.', collect)
    .option('--out <DIR>', 'The directory for its files. Default: issued in the certs directory.')
    .option('--name <NAME>', 'The name of its files. Default: the first host.')
    .option('--days <N>', 'Lifetime in days, at most 397, which is the default.', days)
    .addOption(new Option('--key <TYPE>', 'Type of the key. Default: ecdsa.').choices(['ecdsa', 'rsa']))
    .option('--force', 'Replace a certificate that exists.')
    .addHelpText('after', DETAILS.trimEnd())
    .action((options: Options) => issue(options, terminal));
}

async function issue(options: Options, terminal: Terminal): Promise<void> {
  const issued = await issueCertificate({
    ...(await findAuthority(options, terminal)),
    hosts: options.host,
    now: new Date(),
    out: options.out,
    name: options.name,
    days: options.days,
    keyKind: options.key,
    force: options.force === true,
  });
  terminal.err(`Made ${describeIssued(issued)}`);
}
