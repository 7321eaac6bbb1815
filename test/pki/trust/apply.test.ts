import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { yamlEditor } from '../../../src/config/yaml-edit.ts';
import { TRUST_CLIENTS, type TrustClient } from '../../../src/pki/trust/clients.ts';
import { applyPlan } from '../../../src/pki/trust/steps/apply.ts';
import { planTrust, planUndo, type TrustPlan } from '../../../src/pki/trust/plan.ts';
import { parseRegistry } from '../../../src/pki/trust/trust-target.ts';
import { temporaryFolders } from '../support.ts';
import { rootMachine } from './machines.ts';

const folder = temporaryFolders();
const CA = '-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n';

interface Stage {
  readonly root: string;
  readonly install: TrustPlan;
  readonly undo: TrustPlan;
  readonly commands: string[];
  readonly runCommand: (command: readonly string[]) => Promise<void>;
}

/** Probes answer whether the last command that was no probe has installed something. */
async function stage(client: TrustClient): Promise<Stage> {
  const root = await folder();
  const machine = rootMachine(root, { nssFolders: [join(root, 'nss')] });
  const options = { client, endpoint: parseRegistry('registry.lan:5000'), authority: CA, machine };
  const [install, undo] = [planTrust(options), planUndo(options)];
  const probes = new Set(install.steps.flatMap((step) => ('unless' in step ? [step.unless.join(' ')] : [])));
  const installs = new Set(
    install.steps.flatMap((step) => (step.action === 'run' ? [step.command.join(' ')] : [])),
  );
  const commands: string[] = [];
  const runCommand = async (command: readonly string[]): Promise<void> => {
    const line = command.join(' ');
    if (!probes.has(line)) commands.push(line);
    else if (!installs.has(commands.at(-1) ?? '')) throw new Error('exit status 1');
  };
  return { root, install, undo, commands, runCommand };
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

const yaml = yamlEditor;
/** kaniko has no files. */
const WITH_FILES = TRUST_CLIENTS.filter((client) => client !== 'kaniko');
/** Those whose files are all theirs alone. */
const OF_OWN_FILES = WITH_FILES.filter((client) => client !== 'node');

describe.each(WITH_FILES)('trust for %s', (client) => {
  it('is installed, stays the same, is taken back, stays away', async () => {
    const { root, install, undo, commands, runCommand } = await stage(client);
    const outcomes = async (plan: TrustPlan): Promise<string[]> => [
      ...new Set((await applyPlan(plan, { runCommand, yaml })).map(({ outcome }) => outcome)),
    ];
    expect(await outcomes(install)).toEqual(['done']);
    expect(await filesBelow(root)).toEqual(pathsOf(install));
    expect(await outcomes(install)).toEqual(['same']);
    expect(await outcomes(undo)).toEqual(['done']);
    expect(await filesBelow(root)).toEqual([]);
    expect(await outcomes(undo)).toEqual(['same']);
    const planned = [install, undo].flatMap(({ steps }) =>
      steps.flatMap((step) => (step.action === 'run' ? [step.command.join(' ')] : [])),
    );
    expect(commands).toEqual(planned);
  });

  it('writes files that every user can read, but for one that may get a password', async () => {
    const { install, runCommand } = await stage(client);
    await applyPlan(install, { runCommand, yaml });
    for (const path of pathsOf(install)) {
      expect((await stat(path)).mode & 0o777).toBe(path.endsWith('.yaml') ? 0o600 : 0o644);
      expect((await stat(dirname(path))).mode & 0o777).toBe(0o755);
    }
  });
});

describe.each(OF_OWN_FILES)('a file of somebody else in the place of one for %s', (client) => {
  it('stays, and is replaced when forced', async () => {
    const { install, undo, runCommand } = await stage(client);
    const paths = install.steps.flatMap((step) => (step.action === 'write' ? [step.path] : []));
    const last = paths.toSorted().at(-1) ?? '';
    await mkdir(dirname(last), { recursive: true });
    await writeFile(last, 'theirs');
    await expect(applyPlan(install, { runCommand, yaml })).rejects.toMatchObject({
      code: 'TRUST_FAILED',
      hint: expect.stringContaining('--force'),
    });
    expect(await readdir(dirname(last))).toHaveLength(1);
    expect((await applyPlan(undo, { runCommand, yaml })).map(({ outcome }) => outcome)).toContain('kept');
    expect(await readFile(last, 'utf8')).toBe('theirs');
    await applyPlan(install, { runCommand, yaml, force: true });
    expect(await readFile(last, 'utf8')).not.toBe('theirs');
  });
});

const REGISTRIES = `# our mirrors
mirrors:
  docker.io: # the cache
    endpoint: ['https://cache.lan']
configs:
  "other.lan:5000":
    auth: { username: 'a', password: "b" }
`;

describe('a file that others write to', () => {
  async function withText(client: TrustClient, text: string): Promise<Stage & { readonly path: string }> {
    const staged = await stage(client);
    const path =
      staged.install.steps.flatMap((step) => (step.action === 'insert' ? [step.path] : []))[0] ?? '';
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o640 });
    return { ...staged, path };
  }

  it.each([
    { client: 'k3s', text: REGISTRIES },
    { client: 'rke2', text: 'configs: {}\n' },
    { client: 'k3s', text: '# nothing yet\n' },
    { client: 'buildx', text: '# mine\n[worker.oci]\n  max-parallelism = 4\n' },
    { client: 'buildx', text: 'debug = true' },
    { client: 'node', text: 'theirs\n' },
  ] as const)('keeps what stood there: $client, $text', async ({ client, text }) => {
    const { path, install, undo, runCommand } = await withText(client, text);
    await applyPlan(install, { runCommand, yaml });
    const added = await readFile(path, 'utf8');
    for (const line of text.split('\n').filter((line) => line !== 'configs: {}'))
      expect(added).toContain(line);
    expect(added).toMatch(/registry\.lan:5000|BEGIN CERTIFICATE/);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    await applyPlan(undo, { runCommand, yaml });
    const left = await readFile(path, 'utf8').catch(() => '');
    expect(left.trim()).toBe(text === 'configs: {}\n' ? '' : text.trim());
  });

  it('gets a new CA in the place of the old one', async () => {
    const { path, install, runCommand } = await withText('node', 'theirs\n');
    await applyPlan(install, { runCommand });
    const renewed = install.steps.map((step) =>
      step.action === 'insert' && step.part.kind === 'block'
        ? { ...step, part: { ...step.part, content: step.part.content.replace('\nCA\n', '\nNEW\n') } }
        : step,
    );
    await applyPlan({ ...install, steps: renewed }, { runCommand });
    const text = await readFile(path, 'utf8');
    expect([text.includes('\nNEW\n'), text.includes('\nCA\n'), text.startsWith('theirs\n')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it.each([
    { client: 'k3s', text: 'configs: {"registry.lan:5000": {tls: {ca_file: /theirs}}}\n' },
    { client: 'buildx', text: '[registry."registry.lan:5000"]\n  http = true\n' },
  ] as const)(
    'stays where it has a setting of its own, and the lines are told: $client',
    async ({ client, text }) => {
      const { path, install, undo, runCommand } = await withText(client, text);
      await expect(applyPlan(install, { runCommand, yaml })).rejects.toMatchObject({
        code: 'TRUST_FAILED',
        hint: expect.stringMatching(/ca(_file:| =) /),
      });
      await applyPlan(undo, { runCommand, yaml });
      expect(await readFile(path, 'utf8')).toBe(text);
    },
  );

  it.each(['[1, 2]\n', 'a: [\n', '"text"\n'])('stays where it is not YAML with keys: %j', async (text) => {
    const { path, install, runCommand } = await withText('k3s', text);
    await expect(applyPlan(install, { runCommand, yaml })).rejects.toMatchObject({ code: 'TRUST_FAILED' });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('is told by its lines where nobody can edit YAML', async () => {
    const { install, runCommand } = await stage('k3s');
    await expect(applyPlan(install, { runCommand })).rejects.toMatchObject({
      hint: expect.stringContaining('"registry.lan:5000":'),
    });
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
    await expect(applyPlan({ steps: [await write(), missing], byHand: [], notes: [] })).rejects.toMatchObject(
      error,
    );
    await expect(applyPlan({ steps: [await write(), failing], byHand: [], notes: [] })).rejects.toMatchObject(
      error,
    );
  });

  it('explains a path that can not be', async () => {
    const root = await folder();
    await writeFile(join(root, 'file'), '');
    const step = { action: 'write', path: join(root, 'file', 'ca.crt'), content: CA } as const;
    await expect(applyPlan({ steps: [step], byHand: [], notes: [] })).rejects.toMatchObject({
      code: 'TRUST_FAILED',
    });
  });
});
