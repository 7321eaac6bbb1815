import type { Config } from '../../config/schema/schema.ts';
import { createLog, type Log, type LogOptions } from '../../observe/access-log.ts';
import { hasColours } from '../terminal/colours.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Opens the log of a gate. The format `auto` is short lines on a terminal, else JSON. */
export function openServingLog(
  { log: { format, level } }: Pick<Config, 'log'>,
  terminal: Pick<Terminal, 'env' | 'isOutTTY' | 'typed'>,
  options: Omit<LogOptions, 'level' | 'human'>,
): Log {
  if (!isHuman(format, terminal)) return createLog({ ...options, level });
  const human = { colours: hasColours(terminal), typed: terminal.typed };
  return createLog({ ...options, level, human });
}

/** Whether the log has short lines instead of JSON. */
export function isHuman(format: Config['log']['format'], { isOutTTY }: Pick<Terminal, 'isOutTTY'>): boolean {
  return format === 'auto' ? isOutTTY : format === 'human';
}
