import type { DestinationStream } from 'pino';
import { printable } from '../lib/printable.ts';
import { createRequestDescriber, type LogFields } from './request-words.ts';

export interface HumanLogOptions {
  readonly colours: boolean;
  /** Writes the commands in a text as they are typed on this machine. */
  readonly typed: (text: string) => string;
}

const WARN = 40;
const ERROR = 50;
const COLOUR = { dim: '\u001b[2m', yellow: '\u001b[33m', red: '\u001b[31m', end: '\u001b[0m' } as const;
/** Fields that the beginning of the line shows already, or that are only useful to programs. */
const NOT_SHOWN = new Set(['level', 'time', 'msg', 'id', 'worker', 'reason', 'warning', 'error', 'count']);

/**
 * Reads the JSON lines of the log and writes short ones for a person: one for each push, pull and refusal, and for each
 * message.
 */
export function humanLines(
  stream: DestinationStream,
  { colours, typed }: HumanLogOptions,
): DestinationStream {
  const requestWords = createRequestDescriber();
  return {
    write: (line) => {
      const fields = parse(line);
      const words = fields['msg'] === 'request' ? requestWords(fields) : describeEvent(fields);
      if (words === undefined) return;
      const time = clockOf(fields['time']);
      const colour = colours ? colourOf(fields) : undefined;
      const text = typed(words);
      stream.write(
        colour === undefined
          ? `${time} ${text}\n`
          : `${COLOUR.dim}${time}${COLOUR.end} ${colour}${text}${COLOUR.end}\n`,
      );
    },
  };
}

function parse(line: string): LogFields {
  const value: unknown = JSON.parse(line);
  return Object.fromEntries(Object.entries(Object(value)));
}

function describeEvent(fields: LogFields): string {
  const reason = ['reason', 'warning', 'error']
    .map((name) => printable(fields[name]))
    .find((text) => text !== '');
  const others = Object.entries(fields).flatMap(([name, value]) => {
    const text = NOT_SHOWN.has(name) ? '' : printable(value);
    return text === '' ? [] : [`${name} ${text}`];
  });
  const level = Number(fields['level']);
  const kind = level >= ERROR ? 'error: ' : level >= WARN ? 'warning: ' : '';
  const rest = others.length === 0 ? '' : ` (${others.join(', ')})`;
  return `${kind}${printable(fields['msg'])}${reason === undefined ? '' : `: ${reason}`}${rest}`;
}

/** `14:05:09`, in local time. */
function clockOf(time: unknown): string {
  const moment = new Date(String(time));
  const parts = [moment.getHours(), moment.getMinutes(), moment.getSeconds()];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

function colourOf({ level, status }: LogFields): string {
  if (Number(level) >= ERROR || Number(status) >= 500) return COLOUR.red;
  return Number(level) >= WARN || Number(status) >= 400 ? COLOUR.yellow : '';
}
