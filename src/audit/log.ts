import type { Logger } from '../lib/logger.ts';
import { EMPTY, hashOf, readTail } from './log/chain.ts';
import type { AuditEvent } from './event.ts';
import { openLineFile, STANDARD_OUTPUT } from './log/line-file.ts';

export interface LogOptions {
  readonly path: string;
  readonly chain: boolean;
  readonly logger: Logger;
}

/** The lines of the audit log, optionally each with the hash of the previous one. */
export interface Log {
  write(event: AuditEvent): void;
  /** Rejects with a system error; then the previous file stays in use. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** How often the hash of the last line is written to the log of the gate, for later comparison. */
const TELL_MS = 3_600_000;

/** Rejects with a system error. */
export async function openLog({ path, chain, logger }: LogOptions): Promise<Log> {
  const tail = path === STANDARD_OUTPUT ? EMPTY : await readTail(path);
  let last = tail.hash;
  const file = await openLineFile({
    path,
    onTrouble: (error) => logger.error({ file: path, error }, 'audit log not written, the gate serves on'),
    onRelief: (lost) => {
      logger.warn({ file: path, lost }, 'audit log written again');
      note('resumed', { lost });
    },
  });
  const write = (event: AuditEvent): void => {
    const line = JSON.stringify(chain ? { ...event, previous: last ?? null } : event);
    if (file.append(line) && chain) last = hashOf(line);
  };
  const note = (result: string, more: object = {}): void =>
    write({ time: new Date().toISOString(), event: 'log', result, ...more });
  const tell = (): void => {
    if (chain) logger.info({ file: path, last }, 'audit log');
  };

  // Ends an incomplete line. The next line states that.
  if (tail.isOpen) file.append('');
  note('opened', tail.torn > 0 ? { torn: tail.torn } : {});
  tell();
  const timer = setInterval(tell, TELL_MS).unref();
  return {
    write,
    reopen: async () => {
      if (!(await file.reopen())) return;
      note('opened');
      tell();
    },
    close: async () => {
      clearInterval(timer);
      note('closed');
      tell();
      await file.close();
    },
  };
}
