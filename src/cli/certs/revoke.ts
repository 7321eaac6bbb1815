import { Command, Option } from 'commander';
import { revocationListPath } from '../../pki/authority/cert-store.ts';
import { revokeCertificate } from '../../pki/authority/revocation.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../../pki/authority/record.ts';
import { addKeyOptions, findAuthority, type KeyOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { day } from './options.ts';

interface Options extends KeyOptions {
  readonly reason: RevocationReason;
}

const DETAILS = `
The list of revoked certificates is ca.crl in the certs directory, and /ca.crl on a running gate. Docker, podman and
most other clients never look at such a list: it is for servers and programs that are told to
(openssl verify -crl_check, ssl_crl of nginx). The certificate of the gate itself is replaced by a new one first. Before
its end a list is signed again by the gate, or by repeating the command.
`;

/** `certs revoke`: puts a certificate on the list of the CA. */
export function revokeCommand(terminal: Terminal): Command {
  return addKeyOptions(new Command('revoke'))
    .description('Revoke a certificate of the CA, and sign the list of revoked certificates.')
    .argument('<certificate>', 'Its serial number, as certs status shows it, or its file.')
    .addOption(
      new Option('--reason <REASON>', 'Why, for readers of the list.')
        .choices(Object.keys(REVOCATION_REASONS))
        .default('unspecified'),
    )
    .addHelpText('after', DETAILS.trimEnd())
    .action((target: string, options: Options) => revoke(target, options, terminal));
}

async function revoke(target: string, options: Options, terminal: Terminal): Promise<void> {
  const place = await findAuthority(options, terminal);
  const now = new Date();
  const done = await revokeCertificate({ ...place, now, target, reason: options.reason });
  const { serial, outcome, isReplaced, nextUpdate } = done;
  const list = revocationListPath(place.directory);
  if (isReplaced) terminal.err('Made a new certificate for the gate, which loads it by itself.\n');
  terminal.err(
    outcome === 'revoked' ? `Revoked ${serial}.\n` : `${serial} was revoked before; its reason stays.\n`,
  );
  terminal.err(`Signed ${list}, good until ${day(nextUpdate)}.\n`);
}
