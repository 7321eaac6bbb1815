import { Command } from 'commander';
import { verifyChain } from '../../audit/log/verify.ts';
import type { Verdict } from '../../audit/log/verify.ts';
import { AppError } from '../../lib/errors.ts';
import { addAuditOptions, findAuditLog } from '../config/file-options.ts';
import type { AuditOptions } from '../config/file-options.ts';
import { showCommand, unreadable } from './show.ts';
import { EXIT } from '../terminal/exit-status.ts';
import type { ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { printableJson } from '../../lib/printable.ts';

interface VerifyOptions extends AuditOptions {
  readonly last?: string;
  readonly json?: true;
}

/** `audit show | verify`: what stands in the audit log, and whether it stands there as it was written. */
export function auditCommand(terminal: Terminal, exit: ExitStatus): Command {
  return new Command('audit')
    .description('Look into the audit log, and check its chain.')
    .addCommand(showCommand(terminal))
    .addCommand(verifyCommand(terminal, exit));
}

function verifyCommand(terminal: Terminal, exit: ExitStatus): Command {
  return addAuditOptions(new Command('verify'))
    .description('Check the chain of an audit log that was written with --audit-chain.')
    .argument(
      '[file...]',
      'The files in their order, the oldest first. Default: the one of the configuration.',
    )
    .option('--last <HASH>', 'A hash that was kept elsewhere: it must be that of a line.')
    .option('--json', 'Print JSON.')
    .addHelpText('after', '\nExit code 1 names the first line that does not fit.')
    .action(async (named: readonly string[], options: VerifyOptions) => {
      const files = named.length > 0 ? named : [await findAuditLog(options, terminal)];
      let verdict: Verdict;
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
    hint: 'It is what audit verify printed, or the gate said in its log, at an earlier time.',
  });
}

function isGood({ broken, chained, foundKept }: Verdict): boolean {
  return broken === undefined && foundKept !== false && chained > 0;
}

function wordsOf({ broken, chained, unchained, torn, last, begins, foundKept }: Verdict): string {
  const parts: (string | undefined)[] = [
    broken && `Broken: ${broken.file} line ${broken.line} ${broken.reason}.`,
    foundKept === false
      ? 'Broken: no line has the hash that was kept. Lines were cut off at the end, or changed.'
      : undefined,
    chained === 0
      ? `None of ${unchained} lines carries a hash: the log was not written with --audit-chain, and nothing can be said of it.`
      : `${chained} lines in one chain.`,
    typeof begins === 'string'
      ? `It goes on from a line that is not here, with the hash ${begins}.`
      : undefined,
    unchained > 0 && chained > 0
      ? `${unchained} lines before it carry no hash: nothing can be said of them.`
      : undefined,
    torn > 0 ? `${torn} torn by a crash, or being written.` : undefined,
    chained === 0
      ? undefined
      : last && `The last hash is ${last}. Kept elsewhere, it shows later whether the end was cut off.`,
  ];
  return parts
    .filter((part) => part !== undefined)
    .map((part) => `${part}\n`)
    .join('');
}
