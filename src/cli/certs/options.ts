import { join } from 'node:path';
import { HOSTS_VARIABLE, whySpoiled } from '../../config/environment.ts';
import { configInvalid } from '../../config/problem.ts';
import type { IssuedCertificate } from '../../pki/authority/record.ts';
import { AppError } from '../../lib/errors.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Collects the values of a repeatable option. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** The names in REGISTRY_GATE_HOSTS, with commas or spaces between them. Throws AppError CONFIG_INVALID. */
export function hostsFromEnvironment({ env }: Terminal): readonly string[] {
  const value = env[HOSTS_VARIABLE] ?? '';
  const reason = whySpoiled(value);
  if (reason !== undefined) throw configInvalid([{ path: HOSTS_VARIABLE, reason, where: 'environment' }]);
  return value.split(/[\s,]+/).filter(Boolean);
}

/** Parses a number of days. Throws AppError USAGE. */
export function days(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new AppError('USAGE', {
    message: `"${text}" is not a number of days.`,
    hint: 'Write a whole number: --days 90',
  });
}

/** A date for messages: `2027-02-20`. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Where the files of an issued certificate are, and for how long it is good. */
export function describeIssued({ name, directory, hosts, notAfter }: IssuedCertificate): string {
  const files = join(directory, name);
  return `the certificate for ${hosts.join(', ')}, valid until ${day(notAfter)}: ${files}.crt and ${files}.key\n`;
}
