import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { parseCertificates } from '../../pki/x509/certificate-file.ts';
import { makeTokenCertificate } from '../../pki/authority/issue.ts';
import { LIFETIME } from '../../pki/authority/validity.ts';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { withFileLock } from '../../lib/files/file-lock.ts';
import { ownershipCure } from '../../lib/files/ownership.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addStateOptions, findState, type StateOptions } from '../config/file-options.ts';
import { identityTokensFile } from '../../auth/tokens/store/identity-token.ts';
import { sessionsFile } from '../../auth/sessions/file-sessions.ts';
import { aliveTokens, machineTokensFile } from '../../auth/tokens/store/machine-token.ts';
import type { StatePaths } from '../../auth/tokens/store/state-paths.ts';
import { changeState, readState, type StateFile } from '../../auth/tokens/store/state-file.ts';
import { createCommand } from './create.ts';
import { listTokens } from './list.ts';

/** `tokens create | list | revoke | certificate`: secrets for machines, and the devices and browsers that people signed in with. */
export function tokensCommand(terminal: Terminal): Command {
  return new Command('tokens')
    .addCommand(createCommand(terminal))
    .addCommand(listTokens(terminal))
    .addCommand(revokeCommand(terminal))
    .addCommand(certificateCommand(terminal));
}

function revokeCommand(terminal: Terminal): Command {
  return addStateOptions(new Command('revoke'))
    .description('Revoke a token, or the sign-in of a device or a browser.')
    .argument('<id-or-name>', 'An id of tokens list, or the name of a machine that has one token.')
    .action(async (word: string, options: StateOptions) => {
      const { paths } = await findState(options, terminal);
      const id = await findId(paths, word);
      const isGone =
        (await remove(machineTokensFile(paths.machineTokens), id)) ||
        (await remove(identityTokensFile(paths.identityTokens), id)) ||
        (await removeSession(paths.sessions, id));
      if (!isGone) throw unknownToken(id);
      terminal.err(`Revoked ${id}. A running gate refuses it within a second.\n`);
    });
}

/** Removes a token from a file; false if the file does not have it. */
async function remove<T extends { readonly id: string }, S extends { readonly tokens: readonly T[] }>(
  file: StateFile<S>,
  id: string,
): Promise<boolean> {
  let isFound = false;
  await changeState(file, (state) => {
    const tokens = state.tokens.filter((token) => token.id !== id);
    isFound = tokens.length < state.tokens.length;
    return isFound ? { ...state, tokens } : state;
  });
  return isFound;
}

/** Does the same for the session of a browser. */
async function removeSession(path: string, id: string): Promise<boolean> {
  let isFound = false;
  await changeState(sessionsFile(path), (state) => {
    const sessions = state.sessions.filter((session) => session.id !== id);
    isFound = sessions.length < state.sessions.length;
    return isFound ? { ...state, sessions } : state;
  });
  return isFound;
}

/** The given id, or that of the only token of this name. Throws AppError TOKEN_UNKNOWN. */
async function findId(
  { machineTokens, identityTokens, sessions: sessionsPath }: StatePaths,
  word: string,
): Promise<string> {
  const machines = (await readState(machineTokensFile(machineTokens))).state.tokens;
  const devices = (await readState(identityTokensFile(identityTokens))).state.tokens;
  const { sessions } = (await readState(sessionsFile(sessionsPath))).state;
  if ([...machines, ...devices, ...sessions].some(({ id }) => id === word)) return word;
  const named = [
    ...aliveTokens({ version: 1, tokens: machines }, word, Date.now()),
    ...[...devices, ...sessions].filter(({ user }) => user === word),
  ];
  const [only, ...others] = named;
  if (only === undefined) throw unknownToken(word);
  if (others.length === 0) return only.id;
  throw new AppError('TOKEN_UNKNOWN', {
    message: `${JSON.stringify(word)} has ${named.length} tokens: ${named.map(({ id }) => id).join(', ')}. Nothing was revoked.`,
    hint: 'Find the id (registry-gate tokens list), then revoke it: registry-gate tokens revoke ID',
  });
}

function unknownToken(id: string): AppError {
  return new AppError('TOKEN_UNKNOWN', {
    message: `There is no token with the id or name ${JSON.stringify(id.slice(0, 80))}.`,
    hint: 'List the tokens: registry-gate tokens list',
  });
}

/** `tokens certificate`: makes the certificate by which a registry verifies the tokens of the gate. */
function certificateCommand(terminal: Terminal): Command {
  return addStateOptions(new Command('certificate'))
    .description('Make the certificate by which a registry verifies the tokens of this gate.')
    .action(async (options: StateOptions) => {
      const { paths } = await findState(options, terminal);
      const { backendKey, backendCertificate } = paths;
      const certificate = await withFileLock(backendCertificate, async () => {
        const found = await readIfAny(backendCertificate);
        if (found !== undefined) return found;
        const made = await makeTokenCertificate(new Date(), LIFETIME.authority);
        await writeFileAtomic(backendKey, made.key, { mode: 0o600, forceMode: true });
        await writeFileAtomic(backendCertificate, made.certificate, { mode: 0o644 });
        return made.certificate;
      });
      const [{ validToDate }] = parseCertificates(certificate, backendCertificate);
      const end = validToDate.toISOString().slice(0, 10);
      terminal.err(`Give ${backendCertificate} to the registry. It is valid until ${end}.\n`);
      terminal.err(
        'docs/tokens.md has a complete configuration for the registry. Keep the key on this machine.\n',
      );
    });
}

async function readIfAny(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new AppError('FILE_UNREADABLE', {
      message: `${path} can't be read (${systemCode(error) ?? String(error)}).`,
      hint: ownershipCure(path, 'read'),
      cause: error,
    });
  }
}
