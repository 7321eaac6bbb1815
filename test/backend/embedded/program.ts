import { join } from 'node:path';
import { startDaemon, type Daemon } from '../../support/programs.ts';

const PROGRAM = join(import.meta.dirname, 'serve-program.ts');

export interface EmbeddedProgram {
  readonly url: string;
  readonly daemon: Daemon;
}

/** Starts the embedded registry as a process of its own. */
export async function startEmbedded(
  directory: string,
  env: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<EmbeddedProgram> {
  const daemon = startDaemon(process.execPath, [PROGRAM, directory, String(port)], { env });
  const [, url = ''] = await daemon.line(/listening on (\S+)/);
  return { url, daemon };
}
