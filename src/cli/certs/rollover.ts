import type { X509Certificate } from 'node:crypto';
import { Argument, Command } from 'commander';
import {
  cancelRollover,
  retireRollover,
  startRollover,
  switchRollover,
} from '../../pki/authority/rollover.ts';
import type { RolloverState } from '../../pki/authority/rollover-state.ts';
import { readAuthorityOf } from '../../pki/trust/authority-source.ts';
import { fingerprintOf, parseCertificates } from '../../pki/x509/certificate-file.ts';
import { namesBeyond } from '../../pki/x509/wider-names.ts';
import { addKeyOptions, findAuthority, type KeyOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { collect, day, days } from './options.ts';

interface Options extends KeyOptions {
  readonly host?: readonly string[];
  readonly caDays?: number;
  readonly constrain?: boolean | string;
}

const MOST_NAMES = 5;

const DETAILS = `
start   makes the next CA (ca-next.*), signed by the one in force too. A running gate publishes both: /ca.crt, /ca-next.crt
switch  puts it in force: the server gets a certificate of the new CA. Clients that trust only the old CA go on if that
        one allows a CA below it, as those that this program makes do since name constraints are the default
retire  ends the rollover: the old CA is no longer published, and its key is deleted
cancel  forgets a next CA that is not in force

Each step can be repeated, also after a crash. certs status says which step is next. --host, --ca-days and --constrain
are for start, and mean what they mean for certs init.
`;

/** `certs rollover`: replaces the CA, with a time in which clients may trust either. */
export function rolloverCommand(terminal: Terminal): Command {
  return addKeyOptions(new Command('rollover'))
    .description('Replace the CA by another one, step by step, while clients go on.')
    .addArgument(new Argument('<step>', 'The step to take.').choices(['start', 'switch', 'retire', 'cancel']))
    .option(
      '--host <NAME>',
      'A name or address that the new CA may sign beside those of today. Repeatable.',
      collect,
    )
    .option('--ca-days <N>', 'Lifetime of the new CA in days. Default: 3650.', days)
    .option('--constrain [LIST]', 'Bind the new CA to domains and blocks of addresses.')
    .option('--no-constrain', 'Let the new CA sign every name.')
    .addHelpText('after', DETAILS.trimEnd())
    .action((step: string, options: Options) => rollover(step, options, terminal));
}

async function rollover(step: string, options: Options, terminal: Terminal): Promise<void> {
  const place = { ...(await findAuthority(options, terminal)), now: new Date() };
  if (step === 'start') {
    const state = await startRollover({ ...place, ...asked(options) });
    const [old] = parseCertificates(await readAuthorityOf(place.directory), 'ca.crt');
    terminal.err(startWords(state, old));
  }
  if (step === 'switch') terminal.err(switchWords(await switchRollover(place)));
  if (step === 'retire') {
    await retireRollover(place);
    terminal.err(
      'The old CA is retired, and its key deleted. Clients may remove its certificate; certificates that it signed are good only where it is trusted.\n',
    );
  }
  if (step === 'cancel') {
    await cancelRollover(place);
    terminal.err('The CA in force stays.\n');
  }
}

function asked({ host = [], caDays, constrain }: Options): {
  readonly hosts: readonly string[];
  readonly authorityDays?: number;
  readonly constrain?: boolean | string;
} {
  return {
    hosts: host,
    ...(caDays === undefined ? {} : { authorityDays: caDays }),
    ...(constrain === undefined ? {} : { constrain }),
  };
}

function startWords(state: RolloverState, old: X509Certificate): string {
  if (state.step === 'none') return '';
  const fingerprint = fingerprintOf(state.other);
  const until = day(state.other.validToDate);
  const wider = state.step === 'announced' ? namesBeyond(state.other, old) : [];
  return (
    `The next CA is announced since ${day(state.since)}, valid until ${until}. SHA-256: ${fingerprint}\n` +
    'Make clients trust it (certs trust), then: registry-gate certs rollover switch\n' +
    (wider.length === 0
      ? ''
      : `It may sign for ${wider.slice(0, MOST_NAMES).join(', ')}, which the CA in force must not: clients do not follow it by themselves (--follow).\n`) +
    (state.isBridged
      ? ''
      : 'The CA in force allows no CA below it: at the switch, clients that trust only the old one are cut off.\n')
  );
}

function switchWords(state: RolloverState): string {
  return state.step === 'switched'
    ? 'The new CA is in force; a running gate loads its certificate by itself. When every client trusts the new CA: registry-gate certs rollover retire\n'
    : '';
}
