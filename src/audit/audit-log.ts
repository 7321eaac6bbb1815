import type { Logger } from '../lib/logger.ts';
import { EMPTY, hashOf, readTail } from './log/chain.ts';
import type { AuditEvent } from './event.ts';
import { openLineFile, STANDARD_OUTPUT } from './log/line-file.ts';

interface AuditLogOptions {
  readonly path: string;
  readonly chain: boolean;
  readonly logger: Logger;
}

/** The lines of the audit log, optionally each with the hash of the previous one. */
export interface AuditLog {
  write(event: AuditEvent): void;
  /** Rejects with a system error; then the previous file stays in use. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** How often the hash of the last line is written to the log of the gate, for later comparison. */
const HASH_INTERVAL_MS = 3_600_000;

/** Rejects with a system error. */
export async function openAuditLog({ path, chain, logger }: AuditLogOptions): Promise<AuditLog> {
  const tail = path === STANDARD_OUTPUT ? EMPTY : await readTail(path);
  let last = tail.hash;
  const file = await openLineFile({
    path,
    onFailure: (error) => logger.error({ file: path, error }, 'audit log not written, the gate serves on'),
    onRecovery: (lost) => {
      logger.warn({ file: path, lost }, 'audit log written again');
      writeEvent('resumed', { lost });
    },
  });
  const write = (event: AuditEvent): void => {
    const line = JSON.stringify(chain ? { ...event, previous: last ?? null } : event);
    if (file.append(line) && chain) last = hashOf(line);
  };
  const writeEvent = (result: string, more: object = {}): void =>
    write({ time: new Date().toISOString(), event: 'log', result, ...more });
  const logHash = (): void => {
    if (chain) logger.info({ file: path, last }, 'audit log');
  };

  // Ends an incomplete line. The next line states that.
  if (tail.isOpen) file.append('');
  writeEvent('opened', tail.torn > 0 ? { torn: tail.torn } : {});
  logHash();
  const timer = setInterval(logHash, HASH_INTERVAL_MS).unref();
  return {
    write,
    reopen: async () => {
      if (!(await file.reopen())) return;
      writeEvent('opened');
      logHash();
    },
    close: async () => {
      clearInterval(timer);
      writeEvent('closed');
      logHash();
      await file.close();
    },
  };
}
