import type { X509Certificate } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { sequence, tagged, taggedBytes, type DerNode, type Extension } from './certificate-der.ts';
import { certificateParts, readSequence, readValues } from './der-reader.ts';
import { formatIpRange, ipBytes, isInRange, parseIpRange, type IpRange } from './ip-address.ts';
import { parseSubjectName, type SubjectName } from './subject-names.ts';

/** What a CA may sign: these domains with all below them, and these blocks of addresses. Nothing else. */
export interface NameConstraints {
  readonly domains: readonly string[];
  readonly ranges: readonly IpRange[];
}

/** Content of 2.5.29.30. */
const NAME_CONSTRAINTS = '551d1e';
const TAG = { permitted: 0xa0, excluded: 0xa1, dns: 0x82, ip: 0x87 } as const;
/** A private address permits its whole block: the server may get another address, and a CA can't be widened later. */
const PRIVATE_RANGES = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
].flatMap((text) => parseIpRange(text) ?? []);
const PRIVATE_BLOCKS = PRIVATE_RANGES.map(formatIpRange);
/** Top-level names that nobody can register: RFC 6761, RFC 6762 section 3 and appendix G, RFC 8375. */
const PRIVATE_DOMAINS = [
  'localhost',
  'local',
  'lan',
  'internal',
  'intranet',
  'private',
  'home',
  'corp',
  'home.arpa',
  'test',
];

/** The constraints that fit these names: each domain, each private address with its whole block, each public one alone. */
export function constraintsFor(names: readonly SubjectName[]): NameConstraints {
  const domains = names.filter(({ kind }) => kind === 'dns').map(({ value }) => value.replace(/^\*\./, ''));
  const ranges = names.filter(({ kind }) => kind === 'ip').map(({ value }) => blockOf(value));
  return { domains: [...new Set(domains)], ranges: uniqueRanges(ranges) };
}

/** The constraints of a CA for which none were given: these names, and every private name and address. */
export function standardConstraints(names: readonly SubjectName[]): NameConstraints {
  const { domains, ranges } = constraintsFor(names);
  const own = domains.filter((domain) => !isBelow(domain, PRIVATE_DOMAINS));
  return { domains: [...own, ...PRIVATE_DOMAINS], ranges: uniqueRanges([...ranges, ...PRIVATE_RANGES]) };
}

/** Reads `example.lan,10.0.0.0/8`. Throws AppError HOST_INVALID for anything that is neither a domain nor a block of addresses. */
export function parseConstraints(text: string): NameConstraints {
  const domains: string[] = [];
  const ranges: IpRange[] = [];
  for (const item of text.split(',').map((part) => part.trim())) {
    const range = parseIpRange(item);
    if (range === undefined) domains.push(parseDomain(item));
    else ranges.push(range);
  }
  return { domains, ranges: uniqueRanges(ranges) };
}

/** The critical extension (RFC 5280 section 4.2.1.10). A type of name without a permitted entry is excluded as a whole. */
export function nameConstraints({ domains, ranges }: NameConstraints): Extension {
  const permitted = [...domains.map(dnsNode), ...ranges.map(rangeNode)];
  const excluded = [
    ...(domains.length === 0 ? [dnsNode('')] : []),
    ...(['0.0.0.0/0', '::/0'] as const)
      .flatMap((text) => parseIpRange(text) ?? [])
      .filter((all) => ranges.every(({ address }) => address.length !== all.address.length))
      .map(rangeNode),
  ];
  const trees = [tagged(0, ...permitted.map((node) => sequence(node)))];
  if (excluded.length > 0) trees.push(tagged(1, ...excluded.map((node) => sequence(node))));
  return { id: '2.5.29.30', critical: true, value: sequence(...trees) };
}

/** The permitted entries of a CA; empty lists if it has none. */
export function permittedNames(authority: X509Certificate): NameConstraints {
  return readTrees(authority, TAG.permitted);
}

/** The excluded entries of a CA; empty lists if it has none. */
export function excludedNames(authority: X509Certificate): NameConstraints {
  return readTrees(authority, TAG.excluded);
}

/** The names that this CA must not sign; empty if it has no constraints or all fit. */
export function namesOutside(authority: X509Certificate, names: readonly SubjectName[]): readonly string[] {
  const permitted = permittedNames(authority);
  const excluded = excludedNames(authority);
  return names
    .filter((name) => !(isFree(name, permitted) || matches(name, permitted)) || matches(name, excluded))
    .map(({ value }) => value);
}

/**
 * `example.lan, 10.0.0.0/8`, or `registry.example.org, private names and addresses`: what the CA may sign. Undefined if it
 * may sign every name.
 */
export function describeConstraints(authority: X509Certificate): string | undefined {
  const { domains, ranges } = permittedNames(authority);
  const blocks = ranges.map(formatIpRange);
  const words = hasEveryPrivate(domains, blocks)
    ? [
        ...domains.filter((domain) => !PRIVATE_DOMAINS.includes(domain)),
        ...blocks.filter((block) => !PRIVATE_BLOCKS.includes(block)),
        'private names and addresses',
      ]
    : [...domains, ...blocks];
  return words.length === 0 ? undefined : words.join(', ');
}

function hasEveryPrivate(domains: readonly string[], blocks: readonly string[]): boolean {
  return (
    PRIVATE_DOMAINS.every((domain) => domains.includes(domain)) &&
    PRIVATE_BLOCKS.every((block) => blocks.includes(block))
  );
}

function readTrees(authority: X509Certificate, tag: number): NameConstraints {
  const der = certificateParts(authority).extensions.get(NAME_CONSTRAINTS);
  const trees = der === undefined ? undefined : readSequence(der).find((tree) => tree.tag === tag);
  const bases = readValues(trees?.content ?? Buffer.alloc(0)).flatMap(({ content }) =>
    readValues(content).slice(0, 1),
  );
  return {
    domains: bases
      .filter((base) => base.tag === TAG.dns)
      .map(({ content }) => content.toString('ascii').toLowerCase()),
    ranges: bases
      .filter((base) => base.tag === TAG.ip)
      .map(({ content }) => ({
        address: content.subarray(0, content.length / 2),
        mask: content.subarray(content.length / 2),
      })),
  };
}

/** Permitted subtrees restrict only the types of names that they contain (RFC 5280 section 4.2.1.10). */
function isFree({ kind }: SubjectName, { domains, ranges }: NameConstraints): boolean {
  return kind === 'dns' ? domains.length === 0 : ranges.length === 0;
}

/** An empty domain matches every domain, one with a leading dot its subdomains. */
function matches({ kind, value }: SubjectName, { domains, ranges }: NameConstraints): boolean {
  if (kind === 'ip') return ranges.some((range) => isInRange(ipBytes(value), range));
  return isBelow(value.replace(/^\*\./, ''), domains);
}

/** Whether a host is one of these domains or below one. An empty domain matches every host. */
export function isBelow(host: string, domains: readonly string[]): boolean {
  return domains.some(
    (domain) => domain === '' || host === domain || host.endsWith(`.${domain.replace(/^\./, '')}`),
  );
}

function parseDomain(item: string): string {
  const name = parseSubjectName(item.replace(/^\*?\./, ''));
  if (name.kind === 'dns') return name.value;
  throw new AppError('HOST_INVALID', {
    message: `"${item}" can't constrain a CA: it is neither a domain nor a block of addresses.`,
    hint: 'Give domains and blocks: --constrain example.lan,10.0.0.0/8',
  });
}

function blockOf(value: string): IpRange {
  const address = ipBytes(value);
  const block = PRIVATE_RANGES.find((range) => isInRange(address, range));
  return block ?? { address, mask: Buffer.alloc(address.length, 0xff) };
}

function uniqueRanges(ranges: readonly IpRange[]): IpRange[] {
  return [...new Map(ranges.map((range) => [formatIpRange(range), range])).values()];
}

function dnsNode(domain: string): DerNode {
  return taggedBytes(2, Buffer.from(domain, 'ascii'));
}

function rangeNode({ address, mask }: IpRange): DerNode {
  return taggedBytes(7, Buffer.concat([address, mask]));
}
