import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ran } from './programs.ts';
import type { Credential, RightsStage } from './rights-gate.ts';

/** Somebody at a machine: what they hold stands in `config.json`, as a client that they signed in with left it there. */
export interface Desk {
  readonly stage: RightsStage;
  readonly who: Credential | undefined;
  /** Folder of `config.json`. */
  readonly folder: string;
  /** A folder for a log-in file that is not there yet. */
  readonly fresh: string;
}

/** Does something at a desk with `REPOSITORY:TAG`. */
export type Deed = (topicHandlers: Desk, target: string) => Promise<Ran>;

/** What a client can do; a text where it can't, with the reason. */
export interface Skills {
  readonly login: Deed | string;
  readonly pull: Deed;
  readonly push: Deed;
  readonly remove: Deed | string;
  readonly catalog: Deed | string;
}

/** A desk of its own for somebody. */
export async function openDesk(stage: RightsStage, who: Credential | undefined): Promise<Desk> {
  const folder = await mkdtemp(join(stage.folder, 'desk-'));
  const fresh = join(folder, 'fresh');
  await mkdir(fresh);
  await writeFile(join(folder, 'config.json'), logInFile(stage, who));
  return { stage, who, folder, fresh };
}

/** The log-in file that a client of Docker's family would have left behind. */
export function logInFile({ name }: RightsStage, who: Credential | undefined): string {
  if (who === undefined) return '{}';
  const auth = Buffer.from(`${who.user}:${who.password}`).toString('base64');
  return JSON.stringify({ auths: { [name]: { auth } } });
}

/** What a log-in file says of the stage's gate. */
export async function readLogIn(
  folder: string,
  { name }: RightsStage,
): Promise<{ auth?: string; identitytoken?: string }> {
  const file: { auths?: Record<string, { auth?: string; identitytoken?: string }> } = JSON.parse(
    await readFile(join(folder, 'config.json'), 'utf8'),
  );
  return file.auths?.[name] ?? {};
}

export const there = ({ stage }: Desk, target: string): string => `${stage.name}/${target}`;
export const signIn = ({ who }: Desk): readonly string[] => ['-u', who?.user ?? '', '--password-stdin'];
export const password = ({ who }: Desk): string => who?.password ?? '';
export const trustOf = ({ stage }: Desk): Readonly<Record<string, string>> => ({
  SSL_CERT_FILE: stage.caFile,
  SSL_CERT_DIR: '/nonexistent',
});

/** Runs one after the other until one fails. */
export async function concurrentForEach(deeds: readonly (() => Promise<Ran>)[]): Promise<Ran> {
  let ran: Ran = { status: 0, stdout: '', output: '' };
  for (const deed of deeds) {
    ran = await deed();
    if (ran.status !== 0) break;
  }
  return ran;
}
