import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDaemon, temporaryFolder } from './programs.ts';

export interface Registry {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly pid: number;
  readonly log: readonly string[];
  /** Where it keeps its blobs. */
  readonly data: string;
  close(): Promise<void>;
}

/** A real registry (Debian's docker-registry) on a free loopback port, deletion allowed; empty, unless it is given a folder. `more`: further settings. */
export async function startRegistry(given?: string, at = 0, more: object = {}): Promise<Registry> {
  const folder = await temporaryFolder('registry');
  const config = join(folder.path, 'config.yml');
  const data = given ?? join(folder.path, 'data');
  await writeFile(config, JSON.stringify({ ...settings(data, at), ...more }));
  const daemon = startDaemon('docker-registry', ['serve', config]);
  const close = async (): Promise<void> => {
    await daemon.close();
    await folder.close();
  };
  try {
    const [, port] = await daemon.line(/listening on 127\.0\.0\.1:(\d+)/);
    return { url: `http://127.0.0.1:${port}`, pid: daemon.pid, log: daemon.log, data, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** JSON is YAML, which spares us a writer. */
function settings(rootdirectory: string, port: number): object {
  return {
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: 'of these tests' },
  };
}
