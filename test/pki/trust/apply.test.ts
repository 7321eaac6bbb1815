import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../../src/pki/trust/apply.ts';
import type { TrustClient, TrustPlan } from '../../../src/pki/trust/plan.ts';
import { TRUST_CLIENTS, planTrust, planUndo } from '../../../src/pki/trust/plan.ts';
import { parseRegistry } from '../../../src/pki/trust/trust-target.ts';
import { temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const CA = '-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n';

interface Stage {
  readonly root: string;
  readonly install: TrustPlan;
  readonly undo: TrustPlan;
  readonly commands: string[];
  readonly runCommand: (command: readonly string[]) => Promise<void>;
}

async function stage(client: TrustClient): Promise<Stage> {
  const root = await folder();
  const machine = { root, isRoot: true, home: '/nowhere', configHome: '/nowhere', layout: 'debian' } as const;
  const options = { client, endpoint: parseRegistry('registry.lan:5000'), authority: CA, machine };
  const commands: string[] = [];
  const runCommand = async (command: readonly string[]): Promise<void> =>
    void commands.push(command.join(' '));
  return { root, install: planTrust(options), undo: planUndo(options), commands, runCommand };
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function pathsOf({ steps }: TrustPlan): string[] {
  return steps.flatMap((step) => (step.action === 'run' ? [] : [step.path])).toSorted();
}

describe.each(TRUST_CLIENTS)('trust for %s', (client) => {
  it('is installed, stays the same, is taken back, stays away', async () => {
    const { root, install, undo, commands, runCommand } = await stage(client);
    const outcomes = async (plan: TrustPlan): Promise<string[]> => [
      ...new Set((await applyPlan(plan, { runCommand })).map(({ outcome }) => outcome)),
    ];
    expect(await outcomes(install)).toEqual(['done']);
    expect(await filesBelow(root)).toEqual(pathsOf(install));
    expect(await outcomes(install)).toEqual(['same']);
    expect(await outcomes(undo)).toEqual(['done']);
    expect(await filesBelow(root)).toEqual([]);
    expect(await outcomes(undo)).toEqual(['same']);
    expect(commands).toEqual(
      client === 'system' ? ['update-ca-certificates', 'update-ca-certificates --fresh'] : [],
    );
  });

  it('writes files that every user can read', async () => {
    const { install, runCommand } = await stage(client);
    await applyPlan(install, { runCommand });
    for (const path of pathsOf(install)) {
      expect((await stat(path)).mode & 0o777).toBe(0o644);
      expect((await stat(dirname(path))).mode & 0o777).toBe(0o755);
    }
  });

  it('leaves what somebody else wrote, and replaces it when forced', async () => {
    const { install, undo, runCommand } = await stage(client);
    const paths = pathsOf(install);
    const last = paths.at(-1) ?? '';
    await mkdir(dirname(last), { recursive: true });
    await writeFile(last, 'theirs');
    await expect(applyPlan(install, { runCommand })).rejects.toMatchObject({
      code: 'TRUST_FAILED',
      hint: expect.stringContaining('--force'),
    });
    expect(await readdir(dirname(last))).toHaveLength(1);
    expect((await applyPlan(undo, { runCommand })).map(({ outcome }) => outcome)).toContain('kept');
    expect(await readFile(last, 'utf8')).toBe('theirs');
    await applyPlan(install, { runCommand, force: true });
    expect(await readFile(last, 'utf8')).not.toBe('theirs');
  });
});

describe('applyPlan', () => {
  it('keeps the neighbours of what it takes back', async () => {
    const { install, undo } = await stage('docker');
    const [path = ''] = pathsOf(install);
    await applyPlan(install);
    await writeFile(join(dirname(path), 'client.cert'), 'theirs');
    await applyPlan(undo);
    expect(await readdir(dirname(path))).toEqual(['client.cert']);
  });

  it('explains a command that is not there or fails', async () => {
    const write = async (): Promise<TrustPlan['steps'][number]> => ({
      action: 'write',
      path: join(await folder(), 'a'),
      content: 'x',
    });
    const missing = { action: 'run', command: ['no-such-program-here'] } as const;
    const failing = { action: 'run', command: ['false'] } as const;
    const error = { code: 'TRUST_FAILED', hint: expect.stringContaining('by hand') };
    await expect(applyPlan({ steps: [await write(), missing], notes: [] })).rejects.toMatchObject(error);
    await expect(applyPlan({ steps: [await write(), failing], notes: [] })).rejects.toMatchObject(error);
  });

  it('explains a path that can not be', async () => {
    const root = await folder();
    await writeFile(join(root, 'file'), '');
    const step = { action: 'write', path: join(root, 'file', 'ca.crt'), content: CA } as const;
    await expect(applyPlan({ steps: [step], notes: [] })).rejects.toMatchObject({ code: 'TRUST_FAILED' });
  });
});
