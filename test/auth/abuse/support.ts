import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import type { Logger } from '../../../src/lib/logger.ts';
import { startDaemon, type Daemon } from '../../support/programs.ts';

export const REDIS_PASSWORD = 'redis-pa55word';

export interface Redis {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** A redis-server that keeps nothing, on this port or a free one. */
export async function startRedis(port?: number): Promise<Redis> {
  const number = port ?? (await freePort());
  const place = `--port ${number} --bind 127.0.0.1 --requirepass ${REDIS_PASSWORD}`;
  const nothingKept = ['--save', '', '--appendonly', 'no', '--dir', tmpdir()];
  const daemon: Daemon = startDaemon('redis-server', [...place.split(' '), ...nothingKept]);
  try {
    await daemon.line(/Ready to accept connections/);
  } catch (error) {
    await daemon.close();
    throw error;
  }
  return { url: urlOf(number), pid: daemon.pid, close: () => daemon.close() };
}

export function urlOf(port: number): string {
  return `redis://:${REDIS_PASSWORD}@127.0.0.1:${port}`;
}

/** The URL of a port on which no server listens yet. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export interface RecordingLogger extends Logger {
  /** `LEVEL MESSAGE {fields}`. */
  readonly lines: readonly string[];
}

export function recordingLogger(): RecordingLogger {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
