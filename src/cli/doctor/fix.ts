import { constants, open } from 'node:fs/promises';
import { yamlEditor } from '../../config/yaml-edit.ts';
import type { Check, Fix } from '../../doctor/check.ts';
import type { ClientFacts } from '../../doctor/examine/client.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { renewCertificate } from '../../pki/authority/renewal.ts';
import { applyPlan } from '../../pki/trust/steps/apply.ts';
import { planTrust } from '../../pki/trust/plan.ts';
import { checkRights, parseClient } from '../../pki/trust/trust-target.ts';
import type { ClientMachine } from '../../pki/trust/stores/store.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What fixes work on. */
interface FixContext {
  /** Undefined if only the server was looked at. */
  readonly client: ClientFacts | undefined;
  readonly machine: ClientMachine;
  /** The certs directory of the gate here; undefined where there is none. */
  readonly certs: string | undefined;
}

/** Does what is safe about the findings, and returns the ids of those. What fails is said, and the others go on. */
export async function applyFixes(
  checks: readonly Check[],
  context: FixContext,
  terminal: Terminal,
): Promise<readonly string[]> {
  const fixed: string[] = [];
  for (const { id, what, fix } of checks) {
    if (fix === undefined) continue;
    try {
      await apply(fix, context);
      terminal.err(`Fixed: ${what}.\n`);
      fixed.push(id);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      terminal.err(`Not fixed: ${what}. ${error.message}\n`);
    }
  }
  return fixed;
}

async function apply(fix: Fix, { client, machine, certs }: FixContext): Promise<void> {
  switch (fix.kind) {
    case 'mode':
      for (const path of fix.paths) await setMode(path, fix.mode).catch(refuse(path));
      return;
    case 'renew':
      if (certs !== undefined) await renewCertificate({ directory: certs, now: new Date() });
      return;
    case 'trust':
      await trust(fix.client, client, machine);
  }
}

async function trust(name: string, facts: ClientFacts | undefined, machine: ClientMachine): Promise<void> {
  const endpoint = facts?.target.endpoint;
  const authority = facts?.authority;
  if (endpoint === undefined || authority?.isProven !== true) return;
  const client = parseClient(name);
  checkRights(client, machine);
  await applyPlan(planTrust({ client, endpoint, authority: authority.pem, machine }), { yaml: yamlEditor });
}

/** Follows no link: root may fix what lies in a folder of another user, who could put a link to any file there. */
async function setMode(path: string, mode: number): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}

function refuse(path: string): (error: unknown) => never {
  return (error) => {
    const isLink = systemCode(error) === 'ELOOP';
    throw new AppError('FILE_UNWRITABLE', {
      message: `The permissions of ${path} can't be changed${isLink ? ': it is a symbolic link' : ''}.`,
      hint: isLink ? `Look at where it leads: ls -l ${path}` : 'Run the command as the owner of the file.',
      cause: error,
    });
  };
}
