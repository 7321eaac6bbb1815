import { canonicalAddress } from '../../lib/network.ts';

/** The beginning of a connection, as far as it has arrived. */
export type ProxyHeader =
  /** A correct beginning of a header that is not complete. */
  | { readonly kind: 'partial' }
  /** The header is the first `length` bytes. `address` of the client is undefined if the front proxy connects for itself or does not know it. */
  | { readonly kind: 'header'; readonly length: number; readonly address: string | undefined }
  /** Why it is not a header, as the end of "it ...". */
  | { readonly kind: 'malformed'; readonly reason: string };

const PARTIAL: ProxyHeader = { kind: 'partial' };
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const WORD = Buffer.from('PROXY ', 'latin1');
/** The longest line of version 1, with its CRLF. */
const LONGEST_LINE = 107;
const FIXED_BYTES = 16;
/** The address and the extensions of version 2: front proxies send at most a few hundred bytes. The format would allow 64 KiB, which the gate would have to hold. */
const MOST_BYTES = 4096;

const TCP4 = 0x11;
const TCP6 = 0x21;
const UNIX_STREAM = 0x31;
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0: 0, [TCP4]: 12, [TCP6]: 36, [UNIX_STREAM]: 216 };
const LINE = /^PROXY (TCP[46]) ([0-9A-Fa-f:.]{2,45}) ([0-9A-Fa-f:.]{2,45}) (\d{1,5}) (\d{1,5})$/;

/**
 * Parses the header in which a front proxy names its client (the PROXY protocol of HAProxy, versions 1 and 2). It
 * accepts nothing that the specification does not define. Extensions (TLVs) are skipped.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAlike(bytes, WORD)) return bytes.length < WORD.length ? PARTIAL : readLine(bytes);
  if (startsAlike(bytes, SIGNATURE)) return readBinary(bytes);
  return malformed('does not begin with a PROXY header');
}

function startsAlike(bytes: Buffer, word: Buffer): boolean {
  const common = Math.min(bytes.length, word.length);
  return bytes.compare(word, 0, common, 0, common) === 0;
}

function readLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LONGEST_LINE).indexOf('\r\n');
  if (end < 0) {
    return bytes.length < LONGEST_LINE ? PARTIAL : malformed('has no end of line within 107 bytes');
  }
  const line = bytes.toString('latin1', 0, end);
  const length = end + 2;
  // A front proxy may add more after this word, which is ignored.
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'header', length, address: undefined };
  const address = sourceIn(line);
  return address === undefined ? malformed('is no line of version 1') : { kind: 'header', length, address };
}

/** Returns the first address of a well-formed line. */
function sourceIn(line: string): string | undefined {
  const [, family = '', source = '', target = '', ...ports] = LINE.exec(line) ?? [];
  return addressOf(family, target) !== undefined && ports.every(isPort)
    ? addressOf(family, source)
    : undefined;
}

function addressOf(family: string, text: string): string | undefined {
  return (family === 'TCP6') === text.includes(':') ? canonicalAddress(text) : undefined;
}

function isPort(text: string): boolean {
  return String(Number(text)) === text && Number(text) <= 65_535;
}

function readBinary(bytes: Buffer): ProxyHeader {
  // Checked as soon as it has arrived, so that another version is refused without a wait.
  const [versionAndCommand = 0x20, kindByte = 0] = bytes.subarray(SIGNATURE.length);
  if (versionAndCommand >> 4 !== 2) return malformed('is of another version than 1 or 2');
  if (bytes.length < FIXED_BYTES) return PARTIAL;
  const command = versionAndCommand & 0x0f;
  const size = bytes.readUInt16BE(FIXED_BYTES - 2);
  if (command > 1) return malformed('has a command other than LOCAL and PROXY');
  if (size > MOST_BYTES) return malformed(`is longer than ${MOST_BYTES} bytes`);
  // A health check of the front proxy connects for the proxy itself, whatever addresses it names.
  return readAddresses(bytes, command === 0 ? 0 : kindByte, size);
}

function readAddresses(bytes: Buffer, kind: number, size: number): ProxyHeader {
  const addressBytes = ADDRESS_BYTES[kind];
  if (addressBytes === undefined) return malformed('is not about a stream over IPv4, IPv6 or a unix socket');
  if (size < addressBytes) return malformed('is shorter than its addresses');
  const length = FIXED_BYTES + size;
  return bytes.length < length ? PARTIAL : { kind: 'header', length, address: sourceOf(kind, bytes) };
}

function sourceOf(kind: number, bytes: Buffer): string | undefined {
  const source = bytes.subarray(FIXED_BYTES);
  if (kind === TCP4) return source.subarray(0, 4).join('.');
  if (kind !== TCP6) return undefined;
  const groups = Array.from({ length: 8 }, (_none, at) => source.readUInt16BE(2 * at).toString(16));
  return canonicalAddress(groups.join(':'));
}

function malformed(reason: string): ProxyHeader {
  return { kind: 'malformed', reason };
}
