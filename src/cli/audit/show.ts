import { Command } from 'commander';
import { EVENTS } from '../../audit/event.ts';
import { createLineFilter, type Filter } from '../../audit/filter.ts';
import { followLines, readLines, type Line } from '../../audit/log/lines.ts';
import { tableHead, tableRow } from '../../audit/table.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { printableJsonText } from '../../lib/printable.ts';
import { parseLifetime } from '../../auth/tokens/store/lifetime.ts';
import { addAuditOptions, findAuditLog, type AuditOptions } from '../config/file-options.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ShowOptions extends AuditOptions {
  readonly user?: string;
  readonly repository?: string;
  readonly since?: string;
  readonly until?: string;
  readonly action?: string;
  readonly follow?: true;
  readonly json?: true;
}

/** `audit show`: prints the audit log as a table, or its lines unchanged. */
export function showCommand(terminal: Terminal): Command {
  return addAuditOptions(new Command('show'))
    .description('Show the audit log.')
    .option('--user <NAME>', 'Only what this user did, or token:NAME.')
    .option('--repository <NAME>', "Only in this repository, or in those that match: 'team/**'.")
    .option(
      '--since <TIME>',
      'Only from this time on: 2026-11-22, 2026-11-22T10:00Z, or a time ago: 12h, 7d, 4w.',
    )
    .option('--until <TIME>', 'Only until this time, written in the same way.')
    .option('--action <WORDS>', `Only these actions, separated by commas: ${EVENTS.join(', ')}.`)
    .option('--follow', 'Continue with new lines, also after the file was rotated.')
    .option('--json', 'Print the lines unchanged.')
    .action(async (options: ShowOptions) => {
      const filter = filterOf(options, Date.now());
      const path = await findAuditLog('registry-gate audit show', options, terminal);
      try {
        await show(path, filter, options, terminal);
      } catch (error) {
        throw unreadable(path, error);
      }
    });
}

async function show(path: string, filter: Filter, options: ShowOptions, terminal: Terminal): Promise<void> {
  const output = createOutput(terminal);
  const pick = createLineFilter(filter);
  let isStopped = false;
  const stopListening = terminal.onSignal('SIGINT', () => (isStopped = true));
  const lines: AsyncIterable<Line> =
    options.follow === true
      ? followLines(path, {
          goesOn: () => !isStopped && output.isWanted(),
          onPause: () => void output.flush(),
        })
      : readLines(path);
  if (options.json !== true) output.add(tableHead());
  try {
    for await (const { bytes, isWhole } of lines) {
      const fields = isWhole ? pick(bytes) : undefined;
      if (fields === undefined) continue;
      output.add(options.json === true ? `${printableJsonText(bytes.toString('utf8'))}\n` : tableRow(fields));
      if (output.isFull()) await output.flush();
      if (isStopped || !output.isWanted()) break;
    }
    await output.flush();
  } finally {
    stopListening();
  }
}

interface Output {
  add(text: string): void;
  isFull(): boolean;
  /** Whether standard output is still open. */
  isWanted(): boolean;
  flush(): Promise<void>;
}

const FULL = 64 * 1024;

/** Collects lines, and writes no faster than the reader takes them. */
function createOutput(terminal: Terminal): Output {
  let waiting = '';
  let isWanted = true;
  return {
    add: (text) => void (waiting += text),
    isFull: () => waiting.length >= FULL,
    isWanted: () => isWanted,
    flush: async () => {
      const text = waiting;
      waiting = '';
      if (text !== '') terminal.out(text);
      if (terminal.outTaken !== undefined) isWanted = await terminal.outTaken();
    },
  };
}

function filterOf({ user, repository, since, until, action }: ShowOptions, now: number): Filter {
  return {
    user,
    repository,
    since: since === undefined ? undefined : timeOf(since, '--since', now),
    until: until === undefined ? undefined : timeOf(until, '--until', now),
    actions: action === undefined ? undefined : wordsOf(action),
  };
}

function timeOf(text: string, flag: string, now: number): number {
  const ago = parseLifetime(text);
  if (typeof ago === 'number') return now - ago;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new AppError('USAGE', {
    message: `${flag} ${text} is not a time.`,
    hint: 'For example 2026-11-22, 2026-11-22T10:00Z, or a time ago: 12h, 7d, 4w.',
  });
}

function wordsOf(text: string): readonly string[] {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !EVENTS.some((event) => event === word));
  if (unknown === undefined) return words;
  throw new AppError('USAGE', {
    message: `--action ${unknown} is unknown.`,
    hint: `The actions are ${EVENTS.join(', ')}.`,
  });
}

/** Turns a system error into one that says what to do. Returns any other error unchanged. */
export function unreadable(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof AppError) return error;
  return new AppError('FILE_UNREADABLE', {
    message: `The audit log ${path} ${code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`}.`,
    hint: isForbidden(error)
      ? ownershipCure(path, 'read')
      : 'Name the file that serve --audit writes to: --audit FILE.',
    cause: error,
  });
}
