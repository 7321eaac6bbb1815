import { Command } from 'commander';
import { verifyChain, type ChainReport } from '../../audit/log/verify.ts';
import { AppError } from '../../lib/errors.ts';
import { addAuditOptions, findAuditLog, type AuditOptions } from '../config/file-options.ts';
import { showCommand, unreadable } from './show.ts';
import { EXIT, type ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { printableJson } from '../../lib/printable.ts';

interface VerifyOptions extends AuditOptions {
  readonly last?: string;
  readonly json?: true;
}

/** `audit show | verify`: shows the audit log, and verifies its chain of hashes. */
export function auditCommand(terminal: Terminal, exit: ExitStatus): Command {
  return new Command('audit').addCommand(showCommand(terminal)).addCommand(verifyCommand(terminal, exit));
}

function verifyCommand(terminal: Terminal, exit: ExitStatus): Command {
  return addAuditOptions(new Command('verify'))
    .description('Verify the chain of an audit log that was written with --audit-chain.')
    .argument('[file...]', 'The files, the oldest first. Default: that of the configuration.')
    .option('--last <HASH>', 'A hash that you kept elsewhere: one of the lines must have it.')
    .option('--json', 'Print JSON.')
    .addHelpText(
      'after',
      '\nExit code: 0 if the chain is intact, 1 if not. The first line that does not fit is named.',
    )
    .action(async (named: readonly string[], options: VerifyOptions) => {
      const files =
        named.length > 0 ? named : [await findAuditLog('registry-gate audit verify', options, terminal)];
      let verdict: ChainReport;
      try {
        verdict = await verifyChain(files, checkHash(options.last));
      } catch (error) {
        throw unreadable(files.join(', '), error);
      }
      terminal.out(options.json === true ? `${printableJson(verdict)}\n` : wordsOf(verdict));
      if (!isGood(verdict)) exit.code = EXIT.failed;
    });
}

function checkHash(text: string | undefined): string | undefined {
  if (text === undefined || /^[0-9a-f]{64}$/.test(text)) return text;
  throw new AppError('USAGE', {
    message: '--last takes a hash of 64 hex digits.',
    hint: 'An earlier audit verify printed it, or the gate logged it.',
  });
}

function isGood({ broken, chained, foundKept }: ChainReport): boolean {
  return broken === undefined && foundKept !== false && chained > 0;
}

function wordsOf({ broken, chained, unchained, torn, last, begins, foundKept }: ChainReport): string {
  const parts: (string | undefined)[] = [
    broken && `Broken: ${broken.file} line ${broken.line} ${broken.reason}.`,
    foundKept === false
      ? 'Broken: no line has the hash of --last. Lines were removed at the end, or changed.'
      : undefined,
    chained === 0
      ? `None of ${unchained} lines has a hash: the log was not written with --audit-chain, and can't be verified.`
      : `${chained} lines in one chain.`,
    typeof begins === 'string'
      ? `It continues a line that is not in these files, with the hash ${begins}.`
      : undefined,
    unchained > 0 && chained > 0
      ? `${unchained} lines before it have no hash, and can't be verified.`
      : undefined,
    torn > 0 ? `${torn} incomplete: torn by a crash, or being written.` : undefined,
    chained === 0
      ? undefined
      : last &&
        `The last hash is ${last}. Keep it elsewhere: with --last it later shows whether lines were removed at the end.`,
  ];
  return parts
    .filter((part) => part !== undefined)
    .map((part) => `${part}\n`)
    .join('');
}
