import { isIP } from 'node:net';
import { Command } from 'commander';
import { queryGates } from '../../auth/abuse/query-gates.ts';
import type { ControlReply, ControlRequest } from '../../auth/abuse/control-protocol.ts';
import { renderKey, worstOf, type LedgerRow } from '../../auth/abuse/ledger.ts';
import { AppError } from '../../lib/errors.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addStateOptions, findState, type StateOptions } from '../config/file-options.ts';
import { printable, printableJson } from '../../lib/printable.ts';
import { renderTable } from '../terminal/render-table.ts';

const HEAD = ['USER', 'NETWORK', 'WRONG', 'BLOCKED FOR'];

/** `abuse list | unlock`: the wrong passwords that a running gate has counted. */
export function abuseCommand(terminal: Terminal): Command {
  return new Command('abuse').addCommand(listCommand(terminal)).addCommand(unlockCommand(terminal));
}

interface ListOptions extends StateOptions {
  readonly json?: true;
}

/** One row of the list. */
interface ListedRow {
  readonly kind: LedgerRow['kind'];
  /** Null for all users, and for an unknown name, which may be a password typed into the wrong field. */
  readonly user: string | null;
  readonly isStranger: boolean;
  /** Null for all networks. */
  readonly network: string | null;
  readonly failures: number;
  /** 0 if it is not blocked. */
  readonly blockedSeconds: number;
}

function listCommand(terminal: Terminal): Command {
  return addStateOptions(new Command('list'))
    .description('List wrong passwords and tokens, by user and network; blocked ones come first.')
    .option('--json', 'Print JSON.')
    .action(async (options: ListOptions) => {
      const replies = await ask({ ask: 'list' }, options, terminal);
      const rows = merged(replies.flatMap((reply) => reply.rows ?? [])).map(listed);
      if (options.json === true) terminal.out(`${printableJson(rows, 2)}\n`);
      else if (rows.length === 0) terminal.err('No wrong passwords were counted.\n');
      else terminal.out(renderTable(HEAD, rows.map(cellsOf)));
    });
}

interface UnlockOptions extends StateOptions {
  readonly all?: true;
}

function unlockCommand(terminal: Terminal): Command {
  return addStateOptions(new Command('unlock'))
    .description('Forget the wrong passwords of a user, of an address, or all of them.')
    .argument('[user-or-address]', 'The name of a user, or an IPv4 or IPv6 address.')
    .option('--all', 'Forget all wrong passwords.')
    .action(async (who: string | undefined, options: UnlockOptions) => {
      if ((who === undefined) !== (options.all === true)) throw targetMissing();
      const replies = await ask(unlockRequest(who), options, terminal);
      const count = replies.reduce((sum, { unlocked = 0 }) => sum + unlocked, 0);
      const whose = who === undefined ? '' : ` of ${printable(who)}`;
      terminal.err(
        count === 0
          ? `Nothing was counted${whose}.\n`
          : `Forgotten: ${count} ${count === 1 ? 'count' : 'counts'}${whose}.\n`,
      );
    });
}

/** A user name can look like an address: the request then names both. */
function unlockRequest(who: string | undefined): ControlRequest {
  if (who === undefined) return { ask: 'unlock' };
  const isAddress = isIP(who.replace(/\/64$/, '')) !== 0;
  return { ask: 'unlock', user: who, address: isAddress ? who : undefined };
}

function targetMissing(): AppError {
  return new AppError('USAGE', {
    message: 'Name one user or address, or use --all.',
    hint: 'List the blocked ones: registry-gate abuse list',
  });
}

async function ask(
  request: ControlRequest,
  options: StateOptions,
  terminal: Terminal,
): Promise<readonly ControlReply[]> {
  const { directory } = await findState(options, terminal);
  const outcomes = await queryGates(directory, request);
  const replies = outcomes.flatMap((outcome) => (outcome.kind === 'answered' ? [outcome.reply] : []));
  if (replies.length > 0) return replies;
  const reasons = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.reason] : []));
  throw new AppError('GATE_UNREACHABLE', {
    message:
      reasons.length === 0
        ? `No gate runs with the state directory ${directory}.`
        : `The gate with the state directory ${directory} can't be reached (${reasons.join(', ')}).`,
    hint: reasons.some((reason) => /^E(?:ACCES|PERM)$/.test(reason))
      ? 'Only the user that the gate runs as may connect to it: run this command as that user.'
      : 'Name its directory with --state DIR or --certs DIR. A gate with abuse.throttle: false counts nothing.',
  });
}

/** Merges the rows of several gates. Of two rows with the same user and network the worse one stays. */
function merged(rows: readonly LedgerRow[]): readonly LedgerRow[] {
  const worst = new Map<string, LedgerRow>();
  for (const row of worstOf(rows, Infinity)) {
    const key = renderKey(row);
    if (!worst.has(key)) worst.set(key, row);
  }
  return [...worst.values()];
}

function listed({ kind, user, network, failures, blockedMs }: LedgerRow): ListedRow {
  return {
    kind,
    user: user.startsWith('=') ? user.slice(1) : null,
    isStranger: user.startsWith('#'),
    network: network === '' ? null : network,
    failures,
    blockedSeconds: Math.ceil(blockedMs / 1000),
  };
}

function cellsOf({
  kind,
  user,
  isStranger,
  network,
  failures,
  blockedSeconds,
}: ListedRow): readonly string[] {
  const who = kind === 'tokens' ? '(tokens)' : isStranger ? '(unknown name)' : (user ?? '(all)');
  return [who, network ?? '(all)', `${failures}`, blockedSeconds === 0 ? '' : `${blockedSeconds} s`];
}
