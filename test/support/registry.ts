import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDaemon, temporaryFolder } from './programs.ts';

export interface Registry {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly log: readonly string[];
  /** Where it keeps its blobs. */
  readonly data: string;
  close(): Promise<void>;
}

/** A real registry (Debian's docker-registry) on a free loopback port, empty, deletion allowed. */
export async function startRegistry(): Promise<Registry> {
  const folder = await temporaryFolder('registry');
  const config = join(folder.path, 'config.yml');
  await writeFile(config, JSON.stringify(settings(join(folder.path, 'data'))));
  const daemon = startDaemon('docker-registry', ['serve', config]);
  const close = async (): Promise<void> => {
    await daemon.close();
    await folder.close();
  };
  try {
    const [, port] = await daemon.line(/listening on 127\.0\.0\.1:(\d+)/);
    return { url: `http://127.0.0.1:${port}`, log: daemon.log, data: join(folder.path, 'data'), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** JSON is YAML, which spares us a writer. */
function settings(rootdirectory: string): object {
  return {
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0', secret: 'of these tests' },
  };
}
