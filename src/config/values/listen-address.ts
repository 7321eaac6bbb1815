import { isIP } from 'node:net';

/** Where to listen. Without a host: all addresses of the machine, IPv4 and IPv6. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
  /** The descriptor of a listening socket that the parent process passed on, used instead of host and port. */
  readonly fd?: number;
}

/** The value of a text, or the reason why the text is invalid, which continues a sentence. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

const FORMS = /^(?:\[(?<bracketed>[^\]]*)\]:|(?<plain>[^:[\]]*):)?(?<port>\d{1,5})$/;
/** Descriptors 0 to 2 are standard input, output and error. */
const DESCRIPTOR = /^fd:([3-9]|[1-9]\d{1,2})$/;
const HOST_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`. Port 0 lets the system choose. `fd:3` is descriptor 3. */
export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const fd = Number(DESCRIPTOR.exec(text)?.[1] ?? NaN);
  if (!Number.isNaN(fd)) return { ok: true, value: { host: undefined, port: 0, fd } };
  return parseHostAndPort(text);
}

/** Reads the same, but no descriptor. */
export function parsePlainAddress(text: string): Parsed<ListenAddress> {
  return DESCRIPTOR.test(text)
    ? { ok: false, reason: 'must be HOST:PORT, like :80: a descriptor is for listen alone' }
    : parseHostAndPort(text);
}

function parseHostAndPort(text: string): Parsed<ListenAddress> {
  const groups = FORMS.exec(text)?.groups;
  if (groups === undefined) return { ok: false, reason: whyNotAnAddress(text) };
  const port = Number(groups['port']);
  if (port > 65_535) return { ok: false, reason: `has port ${port}, but the highest is 65535` };
  const { bracketed, plain = '' } = groups;
  if (bracketed !== undefined) {
    return isIP(bracketed) === 6
      ? { ok: true, value: { host: bracketed, port } }
      : { ok: false, reason: `has "${bracketed}" in brackets, which isn't an IPv6 address` };
  }
  if (plain === '') return { ok: true, value: { host: undefined, port } };
  return isIP(plain) === 4 || HOST_NAME.test(plain)
    ? { ok: true, value: { host: plain, port } }
    : { ok: false, reason: `has "${plain}" as host, which is neither an address nor a name` };
}

function whyNotAnAddress(text: string): string {
  if (text.includes('://')) return 'must be HOST:PORT without a scheme, like 0.0.0.0:443';
  if (isIP(text) === 6 || /^[\da-f:]*:[\da-f]*:\d+$/i.test(text)) {
    return 'must have an IPv6 address in brackets and a port, like [::1]:8443';
  }
  return 'must be HOST:PORT, [IPV6]:PORT, :PORT or PORT, like 0.0.0.0:443';
}

/** The inverse of `parseListenAddress`. */
export function renderListenAddress({ host, port, fd }: ListenAddress): string {
  if (fd !== undefined) return `fd:${fd}`;
  if (host === undefined) return `:${port}`;
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
