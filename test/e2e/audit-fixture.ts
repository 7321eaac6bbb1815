import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PASSWORD, USER, makeCerts, startGate, type GateProcess } from '../support/gate-process.ts';
import { must, run, temporaryFolder, until, type Ran } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';

export type AuditLine = Readonly<Record<string, unknown>>;

export interface AuditFixture {
  readonly gate: GateProcess;
  readonly folder: string;
  /** The audit log. */
  readonly file: string;
  readonly certs: string;
  /** A folder that holds `ca.crt` alone. */
  readonly trust: string;
  /** `skopeo copy` that has to succeed, from or to the gate. */
  copy(from: string, to: string, more?: readonly string[]): Promise<void>;
  /** Stops the gate, so that all that is open is written, and reads what is not its own. */
  end(): Promise<AuditLine[]>;
  close(): Promise<void>;
}

export interface AuditFixtureOptions {
  readonly backend: 'embedded' | 'docker-registry';
  readonly args?: readonly string[];
}

export const LOGIN = `${USER}:${PASSWORD}`;

/** A gate with an audit log. */
export async function openAuditFixture({ backend, args = [] }: AuditFixtureOptions): Promise<AuditFixture> {
  const folder = await temporaryFolder('audit');
  const certs = join(folder.path, 'certs');
  const trust = join(folder.path, 'trust');
  const file = join(folder.path, 'audit.log');
  await makeCerts(certs, ['127.0.0.1']);
  await mkdir(trust);
  await copyFile(join(certs, 'ca.crt'), join(trust, 'ca.crt'));
  const registry = backend === 'embedded' ? undefined : await startRegistry();
  const url = registry?.url ?? `embedded:${join(folder.path, 'data')}`;
  const gate = await startGate({ certs, backend: url, args: ['--audit', file, ...args] });
  // Before all workers are there, the gate ends at once when it is told to.
  if (args.includes('2')) await untilReady(gate);
  return {
    gate,
    folder: folder.path,
    file,
    certs,
    trust,
    copy: async (from, to, more = []) => {
      const ends = [...endOf('src', from, trust), ...endOf('dest', to, trust)];
      await must('skopeo', ['copy', ...more, ...ends, from, to]);
    },
    end: async () => {
      await gate.close();
      return linesOf(await readFile(file, 'utf8')).filter(({ event }) => event !== 'log');
    },
    close: async () => {
      await gate.close();
      await registry?.close();
      await folder.close();
    },
  };
}

async function untilReady(gate: GateProcess): Promise<void> {
  await until(
    () => (gate.log.some((line) => line.includes('"msg":"ready"')) ? true : undefined),
    () => gate.log.join('\n'),
  );
}

function endOf(end: 'src' | 'dest', name: string, trust: string): string[] {
  return name.startsWith('docker:') ? [`--${end}-cert-dir`, trust, `--${end}-creds`, LOGIN] : [];
}

/** Throws where a line is none; what is still being written has no end yet. */
export function linesOf(text: string): AuditLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): AuditLine => JSON.parse(line));
}

/** Podman with a store of its own. */
export function podman({ folder }: AuditFixture, args: readonly string[], input = ''): Promise<Ran> {
  const store = ['--storage-driver', 'vfs', '--root', join(folder, 'root')];
  const state = ['--runroot', join(folder, 'run'), '--cgroup-manager', 'cgroupfs'];
  return run('podman', [...store, ...state, ...args], {
    input,
    env: { REGISTRY_AUTH_FILE: join(folder, 'auth.json') },
  });
}
