import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCerts, startGate, type GateProcess } from './gate-process.ts';
import { temporaryFolder } from './programs.ts';
import { startRegistry } from './registry.ts';

/** Everything that a round trip needs: a registry, a gate in front of it, a user, and a CA to trust. */
export interface Stage {
  readonly gate: GateProcess;
  /** Scratch folder, gone with the stage. */
  readonly folder: string;
  readonly certs: string;
  readonly caFile: string;
  /** A folder that holds `ca.crt` alone, as containers' clients want it. */
  readonly trustFolder: string;
  close(): Promise<void>;
}

export interface StageOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Serves the registry inside the gate. Default: docker-registry behind it. */
  readonly isEmbedded?: boolean;
  /** Fills the certs directory. Default: the gate's own commands. */
  readonly prepare?: (certs: string, address: string) => Promise<void>;
}

/** Opens a stage on one address; closes what was opened if a later part fails. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const { address = '127.0.0.1', port = 0, isEmbedded = false } = options;
  const { prepare = (directory, host) => makeCerts(directory, [host]) } = options;
  const folder = await temporaryFolder('stage');
  const certs = join(folder.path, 'certs');
  const trustFolder = join(folder.path, 'trust');
  const closers: (() => Promise<void>)[] = [folder.close];
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    await mkdir(certs);
    await mkdir(trustFolder);
    await prepare(certs, address);
    await copyFile(join(certs, 'ca.crt'), join(trustFolder, 'ca.crt'));
    let backend = `embedded:${join(folder.path, 'data')}`;
    if (!isEmbedded) {
      const registry = await startRegistry();
      closers.push(registry.close);
      backend = registry.url;
    }
    const gate = await startGate({ certs, backend, listen: `${address}:${port}` });
    closers.push(gate.close);
    const caFile = join(certs, 'ca.crt');
    return { gate, folder: folder.path, certs, caFile, trustFolder, close };
  } catch (error) {
    await close();
    throw error;
  }
}
