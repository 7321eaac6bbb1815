import { domainToASCII } from 'node:url';
import { AppError } from '../../lib/errors.ts';
import { canonicalIp } from './ip-address.ts';

/** A name that a certificate can hold: a DNS name (`registry.lan`, `*.registry.lan`) or an IP address, in canonical form. */
export interface SubjectName {
  readonly kind: 'dns' | 'ip';
  readonly value: string;
}

/** Why a text is not a name for a certificate, as the end of a sentence. */
interface InvalidName {
  readonly kind: 'invalid';
  readonly reason: string;
}

/** The address of a server: a name and, if one was given, a port. */
export interface Endpoint {
  readonly kind: 'endpoint';
  readonly name: SubjectName;
  readonly port: number | undefined;
}

const MALFORMED = 'host names are made of letters, digits and inner hyphens';
/** A last label that is a number makes a name an IPv4 address to a browser (WHATWG URL, section 3.5). */
const NUMERIC_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i;

/**
 * Parses a host as users type it: `Registry.LAN.`, `https://host/`, `host:5000`, `[::1]:5000`, `büro.example`. Refuses
 * everything else with a reason: `1.2.3.256`, `my_host`, `fe80::1%eth0`, `10.0.0.0/8`.
 */
export function parseSubjectName(text: string): SubjectName | InvalidName {
  const endpoint = parseEndpoint(text);
  return endpoint.kind === 'endpoint' ? endpoint.name : endpoint;
}

/** As parseSubjectName, and keeps the port. */
export function parseEndpoint(text: string): Endpoint | InvalidName {
  const authority = authorityOf(text.trim());
  if (typeof authority !== 'string') return authority;
  const { host, port } = splitPort(authority);
  if (port !== undefined && !isPort(port)) return invalid(`"${port}" is not a port between 1 and 65535`);
  const name = parseHost(host);
  if (name.kind === 'invalid') return name;
  return { kind: 'endpoint', name, port: port === undefined ? undefined : Number(port) };
}

/**
 * Parses a list, whose items may hold several names with commas between them, and drops duplicates. Throws AppError
 * HOST_INVALID that lists every bad name.
 */
export function parseSubjectNames(texts: readonly string[]): SubjectName[] {
  const items = texts.flatMap((text) => text.split(','));
  const parsed = items.map((text) => ({ text: text.trim(), name: parseSubjectName(text) }));
  const bad = parsed.flatMap(({ text, name }) =>
    name.kind === 'invalid' ? [`"${text}": ${name.reason}`] : [],
  );
  if (bad.length > 0) {
    throw new AppError('HOST_INVALID', {
      message: `A certificate can't be made for ${bad.join('; ')}.`,
      hint: 'Give host names and addresses as the clients type them: --host registry.lan --host 10.0.0.5',
    });
  }
  const names = parsed.flatMap(({ name }) => (name.kind === 'invalid' ? [] : [name]));
  return [...new Map(names.map((name) => [name.value, name])).values()];
}

function authorityOf(text: string): string | InvalidName {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme !== undefined && !/^https?$/i.test(scheme)) {
    return invalid(`${scheme}:// is not a scheme of a registry`);
  }
  const [authority = '', ...path] = text.slice(scheme === undefined ? 0 : scheme.length + 3).split('/');
  if (authority === '') return invalid('it is empty');
  if (authority.includes('@')) return invalid('it holds a user name (@)');
  const isHostAlone = scheme !== undefined || path.join('') === '';
  return isHostAlone
    ? authority
    : invalid('it has a path; a certificate holds only host names and addresses');
}

function splitPort(authority: string): { readonly host: string; readonly port?: string | undefined } {
  const bracketed = /^\[(?<host>[^\]]*)\](?::(?<port>.*))?$/s.exec(authority)?.groups;
  if (bracketed !== undefined) return { host: `[${bracketed['host'] ?? ''}]`, port: bracketed['port'] };
  const [host = '', port, ...more] = authority.split(':');
  return port === undefined || more.length > 0 ? { host: authority } : { host, port };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function parseHost(host: string): SubjectName | InvalidName {
  const bare = /^\[(.*)\]$/s.exec(host)?.[1];
  const text = bare ?? host;
  if (text.includes('%')) return invalid('an address with a zone id (%) is valid on one machine only');
  const ip = canonicalIp(text);
  if (ip === '0.0.0.0' || ip === '::') return invalid('it means every address, so no client can ask for it');
  if (ip !== undefined) return { kind: 'ip', value: ip };
  if (bare !== undefined || text.includes(':')) return invalid('it is not an IPv6 address');
  return parseDnsName(text);
}

function parseDnsName(text: string): SubjectName | InvalidName {
  const isWildcard = text.startsWith('*.');
  const name = (isWildcard ? text.slice(2) : text).replace(/\.$/, '');
  const reason = faultOf(name) ?? (isWildcard ? faultOfWildcard(name) : undefined);
  if (reason !== undefined) return invalid(reason);
  return { kind: 'dns', value: `${isWildcard ? '*.' : ''}${domainToASCII(name)}` };
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.includes('*')) return 'a * must be the whole first label: *.example.lan';
  if (name.includes('_')) return 'host names have no underscore (_), and clients refuse one in a certificate';
  if (/[^a-z0-9.\u0080-\uffff-]/i.test(name)) return MALFORMED;
  const ascii = domainToASCII(name);
  if (NUMERIC_END.test(name) || NUMERIC_END.test(ascii))
    return 'it looks like an IPv4 address, but is not one';
  return ascii === '' ? 'it is neither a host name nor an IP address' : faultOfLabels(ascii);
}

function faultOfLabels(ascii: string): string | undefined {
  const labels = ascii.split('.');
  if (labels.some((label) => label.length > 63)) {
    return 'a label (between two dots) is longer than 63 characters';
  }
  if (ascii.length > 253) return 'it is longer than 253 characters';
  const isWellFormed = labels.every((label) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label));
  return isWellFormed ? undefined : MALFORMED;
}

function faultOfWildcard(name: string): string | undefined {
  return name.includes('.') ? undefined : 'clients refuse a wildcard right below a top-level name';
}

function invalid(reason: string): InvalidName {
  return { kind: 'invalid', reason };
}
