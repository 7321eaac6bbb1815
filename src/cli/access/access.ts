import { loadConfig } from '../../config/load.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { isOwner } from '../../auth/policy/owner.ts';
import { OPEN_POLICY, type Policy } from '../../auth/policy/policy.ts';
import { readAccess } from '../../app/auth/access.ts';
import { configSources } from '../config/config-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { Command } from 'commander';
import { denialOf, describeNeed } from '../../auth/policy/decide.ts';
import { findNearMisses, type NearMiss } from '../../auth/policy/explain.ts';
import { renderMiss } from '../../auth/policy/miss.ts';
import { principalName, type Principal } from '../../auth/principal.ts';
import { parsePrincipal } from '../../auth/policy/who.ts';
import { parseAddress } from '../../lib/network.ts';
import { findRight, renderRight, type Need, type Right } from '../../auth/policy/right.ts';
import { isRepository } from '../../oci/request/route.ts';
import { isAction } from '../../oci/request/parse.ts';
import { findPrincipal } from './access-principal.ts';
import { EXIT, type ExitStatus } from '../terminal/exit-status.ts';
import { addStateOptions, type StateOptions } from '../config/file-options.ts';
import { printable, printableJson } from '../../lib/printable.ts';

interface CheckOptions extends StateOptions {
  readonly access?: string;
  readonly from?: string;
  readonly json?: true;
}

interface Question {
  readonly principal: Principal;
  readonly need: Need;
  readonly from: string | undefined;
}

/** `access check`: evaluates the access file, without a running gate. */
export function accessCommand(terminal: Terminal, exit: ExitStatus): Command {
  return new Command('access').addCommand(checkCommand(terminal, exit));
}

function checkCommand(terminal: Terminal, exit: ExitStatus): Command {
  return addStateOptions(new Command('check'))
    .description(
      'Tell whether a user or token may do something, and which rule decides: exit status 0 if allowed, 1 if not.',
    )
    .argument('<who>', 'alice, token:NAME, authenticated (a user without rules of its own) or anonymous')
    .argument('<action>', 'pull, push or delete')
    .argument('<repository>', 'a name, like team/app')
    .option('--from <IP>', 'The address of the client, for rules with networks.')
    .option('--access <FILE>', 'The access file. Default: that of the configuration, else access.yml.')
    .option('--json', 'Print JSON.')
    .action(async (who: string, action: string, repository: string, options: CheckOptions) => {
      const question = readQuestion({ who, action, repository, from: options.from });
      const { policy, failures, note } = await findRules(options, terminal);
      if (note !== undefined) terminal.err(`${note}\n`);
      for (const failure of failures)
        terminal.err(`Warning: the file would be refused: ${printable(failure)}\n`);
      const { principal, warnings } = await findPrincipal(question.principal, options, terminal);
      for (const warning of warnings) terminal.err(`Warning: ${printable(warning)}\n`);
      const { need, from } = question;
      const right = findRight(policy, principal, need, from);
      const near = right === undefined ? findNearMisses(policy, principal, need, from) : [];
      const answer = { question: { ...question, principal }, right, near, owner: isOwner(policy, principal) };
      terminal.out(options.json === true ? renderJson(answer) : renderText(answer));
      if (right === undefined) exit.code = EXIT.failed;
    });
}

/** The rules of an access file. */
interface Rules {
  readonly policy: Policy;
  /** The expectations of the file that fail. */
  readonly failures: readonly string[];
  /** What the user has to know about the answer. */
  readonly note?: string;
}

const DEFAULT_FILE = 'access.yml';
const WITHOUT_FILE =
  'No access file is configured, and there is no access.yml. So every user of the htpasswd file may do everything, each token what it was made for, and anonymous clients nothing.';

/** The rules of the file that is named or configured, else of access.yml, else those that apply without a file. */
async function findRules({ access, config }: CheckOptions, terminal: Terminal): Promise<Rules> {
  const configured = access ?? (await loadConfig(configSources({ config }, terminal))).access;
  if (configured !== undefined) return readAccess(configured, {});
  try {
    return await readAccess(DEFAULT_FILE, {});
  } catch (error) {
    if (!(error instanceof AppError) || systemCode(error.cause) !== 'ENOENT') throw error;
    return { policy: OPEN_POLICY, failures: [], note: WITHOUT_FILE };
  }
}

function readQuestion(words: {
  readonly who: string;
  readonly action: string;
  readonly repository: string;
  readonly from: string | undefined;
}): Question {
  const { who, action, repository, from } = words;
  const principal = parsePrincipal(who);
  if (principal === undefined) throw misused(who, 'not a user, token:NAME, authenticated or anonymous');
  if (!isAction(action)) throw misused(action, 'not one of pull, push and delete');
  if (!isRepository(repository)) {
    throw misused(repository, 'not the name of a repository, like team/app, without host and tag');
  }
  if (from !== undefined && parseAddress(from) === undefined) throw misused(from, 'not an IP address');
  return { principal, need: { action, repository }, from };
}

function misused(text: string, what: string): AppError {
  return new AppError('USAGE', {
    message: `${JSON.stringify(text)} is ${what}.`,
    hint: 'For example: registry-gate access check alice push team/app',
  });
}

interface Answer {
  readonly question: Question;
  readonly right: Right | undefined;
  readonly near: readonly NearMiss[];
  /** Whether the principal sees the web pages of owners. */
  readonly owner: boolean;
}

function renderText({ question: { principal, need }, right, near }: Answer): string {
  if (right !== undefined)
    return `allowed: ${printable(principalName(principal))} may ${describeNeed(need)}, by ${printable(renderRight(right))}\n`;
  const reasons = near.map(({ where, miss }) => `  ${printable(`${where} ${renderMiss(miss)}`)}\n`);
  return `denied: ${printable(denialOf(principal, need))}\n${reasons.join('')}`;
}

function renderJson({ question: { principal, need, from }, right, near, owner }: Answer): string {
  const record = {
    who: principalName(principal),
    action: need.action,
    repository: need.repository,
    from: from ?? null,
    allowed: right !== undefined,
    rule: right === undefined ? null : renderRight(right),
    near: near.map(({ where, miss }) => ({ where, reason: renderMiss(miss) })),
    owner,
  };
  return `${printableJson(record, 2)}\n`;
}
