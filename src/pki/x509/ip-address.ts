import { parseAddress, type Network } from '../../lib/network.ts';

/** One address or one block of addresses: 4 or 16 bytes each. */
export interface IpRange {
  readonly address: Buffer;
  readonly mask: Buffer;
}

/** The canonical form of an IP address (RFC 5952; an IPv4-mapped one as IPv4). Undefined for any other text, and for an address with a zone id. */
export function canonicalIp(text: string): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  return address.family === 4
    ? bytesOf(address).join('.')
    : new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

/** The 4 or 16 bytes of an address, as an iPAddress name holds them (RFC 5280 section 4.2.1.6). Throws RangeError for any other text. */
export function ipBytes(text: string): Buffer {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError('not an IP address');
  return bytesOf(address);
}

/** Parses `10.0.0.0/8`, `fd00::/8` or a single address; undefined for any other text. */
export function parseIpRange(text: string): IpRange | undefined {
  const [head = '', width, ...rest] = text.split('/');
  const address = parseAddress(head);
  if (address === undefined || rest.length > 0) return undefined;
  const bytes = bytesOf(address);
  if (width === undefined) return rangeOf(bytes, address.bits);
  if (!/^\d{1,3}$/.test(width) || Number(width) > address.bits) return undefined;
  return rangeOf(bytes, Number(width));
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

function bytesOf({ family, value }: Network): Buffer {
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');
}
