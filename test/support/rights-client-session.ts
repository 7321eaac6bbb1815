import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ran } from './programs.ts';
import type { Credential, RightsGate } from './rights-gate.ts';

/** Somebody at a machine: what they hold stands in `config.json`, as a client that they signed in with left it there. */
export interface ClientSession {
  readonly fixture: RightsGate;
  readonly who: Credential | undefined;
  /** Folder of `config.json`. */
  readonly folder: string;
  /** A folder for a log-in file that is not there yet. */
  readonly fresh: string;
}

/** Does something as this client with `REPOSITORY:TAG`. */
export type ClientAction = (topicHandlers: ClientSession, target: string) => Promise<Ran>;

/** What a client can do; a text where it can't, with the reason. */
export interface ClientActions {
  readonly login: ClientAction | string;
  readonly pull: ClientAction;
  readonly push: ClientAction;
  readonly remove: ClientAction | string;
  readonly catalog: ClientAction | string;
}

/** Opens a session of its own for a client. */
export async function openClientSession(
  fixture: RightsGate,
  who: Credential | undefined,
): Promise<ClientSession> {
  const folder = await mkdtemp(join(fixture.folder, 'session-'));
  const fresh = join(folder, 'fresh');
  await mkdir(fresh);
  await writeFile(join(folder, 'config.json'), logInFile(fixture, who));
  return { fixture, who, folder, fresh };
}

/** The log-in file that a client of Docker's family would have left behind. */
export function logInFile({ name }: RightsGate, who: Credential | undefined): string {
  if (who === undefined) return '{}';
  const auth = Buffer.from(`${who.user}:${who.password}`).toString('base64');
  return JSON.stringify({ auths: { [name]: { auth } } });
}

/** What a log-in file says of the stage's gate. */
export async function readLogIn(
  folder: string,
  { name }: RightsGate,
): Promise<{ auth?: string; identitytoken?: string }> {
  const file: { auths?: Record<string, { auth?: string; identitytoken?: string }> } = JSON.parse(
    await readFile(join(folder, 'config.json'), 'utf8'),
  );
  return file.auths?.[name] ?? {};
}

export const there = ({ fixture }: ClientSession, target: string): string => `${fixture.name}/${target}`;
export const signIn = ({ who }: ClientSession): readonly string[] => [
  '-u',
  who?.user ?? '',
  '--password-stdin',
];
export const password = ({ who }: ClientSession): string => who?.password ?? '';
export const trustOf = ({ fixture }: ClientSession): Readonly<Record<string, string>> => ({
  SSL_CERT_FILE: fixture.caFile,
  SSL_CERT_DIR: '/nonexistent',
});

/** Runs one after the other until one fails. */
export async function concurrentForEach(deeds: readonly (() => Promise<Ran>)[]): Promise<Ran> {
  let ran: Ran = { status: 0, stdout: '', output: '' };
  for (const action of deeds) {
    ran = await action();
    if (ran.status !== 0) break;
  }
  return ran;
}
