const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The longest number accepted, in bytes. */
const LONGEST_NUMBER = 4096;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;

/** Length of an escape by the character after its backslash; 0 for an invalid one. */
const ESCAPE_WIDTHS = tableOf('"\\/bfnrt', 2);
ESCAPE_WIDTHS['u'.charCodeAt(0)] = 6;
const IS_HEX = tableOf('0123456789abcdefABCDEF', 1);
const IS_NUMERIC = tableOf('0123456789+-.eE', 1);

/** A table over all bytes, so that a scan costs one look-up for each. */
function tableOf(characters: string, value: number): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) table[byte] = value;
  return table;
}

/** The progress of the scan of a string. */
interface StringScan {
  readonly state: 'ended' | 'goes on' | 'malformed';
  /** The position after the closing quote, or where to continue. */
  readonly at: number;
  readonly isEscaped: boolean;
}

/** Finds the end of a JSON string, starting within it, in about this many bytes. */
export function scanString(bytes: Buffer, from: number, most: number): StringScan {
  const end = Math.min(bytes.length, from + most);
  let isEscaped = false;
  let at = from;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return { state: 'ended', at: at + 1, isEscaped };
    if (byte < 0x20) return { state: 'malformed', at, isEscaped };
    if (byte === BACKSLASH) {
      const width = escapeWidth(bytes, at);
      if (width === 0) return { state: 'malformed', at, isEscaped };
      isEscaped = true;
      at += width;
    } else at += 1;
  }
  return { state: at < bytes.length ? 'goes on' : 'malformed', at, isEscaped };
}

/** Returns the length of the escape at a backslash; 0 if it is malformed. */
function escapeWidth(bytes: Buffer, at: number): number {
  const width = ESCAPE_WIDTHS[bytes[at + 1] ?? 0] ?? 0;
  for (let digit = at + 2; digit < at + width; digit += 1) {
    if (IS_HEX[bytes[digit] ?? 0] === 0) return 0;
  }
  return width;
}

/** Returns where a JSON number ends; -1 if there is none, or one of 4 KiB or more. */
export function numberEnd(bytes: Buffer, from: number): number {
  const most = Math.min(bytes.length, from + LONGEST_NUMBER);
  let to = from;
  while (to < most && IS_NUMERIC[bytes[to] ?? 0] === 1) to += 1;
  const [number] = NUMBER.exec(bytes.toString('latin1', from, to)) ?? [];
  return number === undefined || to === from + LONGEST_NUMBER ? -1 : from + number.length;
}
