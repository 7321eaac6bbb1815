import { isIPv4, isIPv6 } from 'node:net';

/** One address or one block of addresses: 4 or 16 bytes each. */
export interface IpRange {
  readonly address: Buffer;
  readonly mask: Buffer;
}

/** The canonical form of an IP address (RFC 5952; an IPv4-mapped one as IPv4). Undefined for any other text, and for an address with a zone id. */
export function canonicalIp(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const compressed = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const bytes = ipv6Bytes(compressed);
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
  return isMapped ? bytes.subarray(12).join('.') : compressed;
}

/** The 4 or 16 bytes of an address in canonical form, as an iPAddress name holds them (RFC 5280 section 4.2.1.6). */
export function ipBytes(canonical: string): Buffer {
  return isIPv4(canonical) ? Buffer.from(canonical.split('.').map(Number)) : ipv6Bytes(canonical);
}

/** Parses `10.0.0.0/8`, `fd00::/8` or a single address; undefined for any other text. */
export function parseIpRange(text: string): IpRange | undefined {
  const [head = '', width, ...rest] = text.split('/');
  const canonical = canonicalIp(head);
  if (canonical === undefined || rest.length > 0) return undefined;
  const address = ipBytes(canonical);
  const bits = address.length * 8;
  if (width === undefined) return rangeOf(address, bits);
  if (!/^\d{1,3}$/.test(width) || Number(width) > bits) return undefined;
  return rangeOf(address, Number(width));
}

/** Whether the address (4 or 16 bytes) lies in the range. */
export function isInRange(address: Buffer, range: IpRange): boolean {
  return (
    address.length === range.address.length &&
    address.every((byte, index) => (byte & (range.mask[index] ?? 0)) === range.address[index])
  );
}

/** The inverse of parseIpRange: `10.0.0.0/8`. */
export function formatIpRange({ address, mask }: IpRange): string {
  const width = [...mask]
    .map((byte) => byte.toString(2).replaceAll('0', '').length)
    .reduce((a, b) => a + b, 0);
  const text =
    address.length === 4
      ? address.join('.')
      : (canonicalIp(address.toString('hex').replaceAll(/(.{4})(?!$)/g, '$1:')) ?? '');
  return `${text}/${width}`;
}

function rangeOf(address: Buffer, width: number): IpRange {
  const mask = Buffer.from([...address.keys()].map((index) => (0xff00 >> clamp(width - index * 8)) & 0xff));
  return { address: Buffer.from([...address].map((byte, index) => byte & (mask[index] ?? 0))), mask };
}

function clamp(bits: number): number {
  return Math.min(8, Math.max(0, bits));
}

function ipv6Bytes(compressed: string): Buffer {
  const [head = '', tail] = compressed.split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...left, ...zeros, ...right].entries()) bytes.writeUInt16BE(group, index * 2);
  return bytes;
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
