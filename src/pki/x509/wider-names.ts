import type { X509Certificate } from 'node:crypto';
import { formatIpRange, isInRange, parseIpRange, type IpRange } from './ip-address.ts';
import { excludedNames, isBelow, permittedNames, type NameConstraints } from './name-constraints.ts';

/** What a CA without permitted entries of a type may sign: every name of it. */
const EVERYTHING: NameConstraints = {
  domains: [''],
  ranges: ['0.0.0.0/0', '::/0'].flatMap((text) => parseIpRange(text) ?? []),
};

/**
 * What a CA may sign and another one must not, as domains and blocks of addresses: whoever trusts the first in place of the
 * other trusts it for these too. Empty if there is nothing. `every name` stands for all domains.
 */
export function namesBeyond(wider: X509Certificate, bound: X509Certificate): readonly string[] {
  const may = signable(wider);
  const own = excludedNames(wider);
  const permitted = permittedOrAll(bound);
  const excluded = excludedNames(bound);
  const domains = may.domains.filter(
    (domain) =>
      !isBelow(domain, permitted.domains) ||
      excluded.domains.some((one) => touches(domain, one) && !isBelow(one, own.domains)),
  );
  const ranges = may.ranges.filter(
    (range) =>
      !permitted.ranges.some((outer) => isWithin(range, outer)) ||
      excluded.ranges.some(
        (one) => (isWithin(range, one) || isWithin(one, range)) && !isCovered(one, own.ranges),
      ),
  );
  return [...domains.map((domain) => domain || 'every name'), ...ranges.map(formatIpRange)];
}

/** What is permitted, and not excluded as a whole. */
function signable(authority: X509Certificate): NameConstraints {
  const { domains, ranges } = permittedOrAll(authority);
  const excluded = excludedNames(authority);
  return {
    domains: domains.filter((domain) => !isBelow(domain, excluded.domains)),
    ranges: ranges.filter((range) => !isCovered(range, excluded.ranges)),
  };
}

/** Permitted entries restrict only the types of names that they contain (RFC 5280 section 4.2.1.10). */
function permittedOrAll(authority: X509Certificate): NameConstraints {
  const { domains, ranges } = permittedNames(authority);
  return {
    domains: domains.length === 0 ? EVERYTHING.domains : domains,
    ranges: ranges.length === 0 ? EVERYTHING.ranges : ranges,
  };
}

function touches(one: string, other: string): boolean {
  return isBelow(one, [other]) || isBelow(other, [one]);
}

function isCovered(range: IpRange, outer: readonly IpRange[]): boolean {
  return outer.some((one) => isWithin(range, one));
}

/** Whether all addresses of a range lie in another one. */
function isWithin(inner: IpRange, outer: IpRange): boolean {
  return (
    isInRange(inner.address, outer) && outer.mask.every((byte, at) => ((inner.mask[at] ?? 0) & byte) === byte)
  );
}
