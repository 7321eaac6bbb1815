import { z } from 'zod';
import type { Parsed } from '../values/listen-address.ts';
import { BYTE_SIZE_PATTERN, parseByteSize } from '../values/byte-size.ts';

/** The type of an option: how a text from a flag or the environment is converted before the schema checks it. */
export type OptionKind = 'text' | 'path' | 'choice' | 'integer' | 'size' | 'rate' | 'boolean' | 'list';

/** What an option has besides its schema. */
export interface OptionMeta {
  /** The sentence in the help and in the reference. */
  readonly description: string;
  readonly kind: OptionKind;
  /** The flag with its placeholder, if the option has one: `--listen HOST:PORT`. */
  readonly flag?: string;
  /** The default in words, if the schema has none. */
  readonly fallback?: string;
  /** Shown as `***`. A variable `..._FILE` can name a file that holds it. */
  readonly secret?: true;
}

/** The meta data of every option, by its schema. */
export const optionMeta = z.registry<OptionMeta>();

interface Range {
  readonly from: number;
  readonly to: number;
  readonly byDefault: number;
}

/** A whole number within a range. */
export function integer({ from, to, byDefault }: Range, description: string) {
  const error = saying(`must be a whole number from ${from} to ${to}`);
  return z
    .int({ error })
    .min(from, { error })
    .max(to, { error })
    .default(byDefault)
    .register(optionMeta, { description, kind: 'integer' });
}

/** A whole number from 1, or `unlimited`, which becomes undefined. */
export function countOrUnlimited(description: string) {
  const error = saying('must be a whole number from 1, or unlimited');
  return z
    .union([z.int({ error }).min(1, { error }), z.literal('unlimited')], { error })
    .optional()
    .transform((value) => (value === 'unlimited' ? undefined : value))
    .register(optionMeta, { description, kind: 'integer', fallback: 'unlimited' });
}

/** A whole number from 1, or `auto`, which the caller replaces. */
export function countOrAuto({ to, byDefault }: Omit<Range, 'from'>, flag: string, description: string) {
  const error = saying(`must be a whole number from 1 to ${to}, or auto`);
  return z
    .union([z.int({ error }).min(1, { error }).max(to, { error }), z.literal('auto')], { error })
    .default(byDefault)
    .register(optionMeta, { description, kind: 'integer', flag });
}

interface SizeRange {
  readonly from: number;
  readonly to?: number;
  readonly byDefault: string;
}

/** A number of bytes, as a number or with a unit. */
export function bytes(
  { from, to = Number.MAX_SAFE_INTEGER, byDefault }: SizeRange,
  description: string,
  flag?: string,
) {
  const limit = to === Number.MAX_SAFE_INTEGER ? `of at least ${from}` : `from ${from} to ${to}`;
  return sizeInBytes({ from, to, error: saying(`must be a size ${limit} bytes, like 65536, 64KiB or 64kB`) })
    .prefault(byDefault)
    .register(optionMeta, { description, kind: 'size', ...(flag === undefined ? {} : { flag }) });
}

/** A number of bytes from 1, or `unlimited`, which becomes undefined. */
export function bytesOrUnlimited(description: string) {
  const error = saying('must be a size of at least 1 byte, like 65536, 64KiB or 64kB, or unlimited');
  const size = sizeInBytes({ from: 1, to: Number.MAX_SAFE_INTEGER, error });
  return z
    .union([z.literal('unlimited').transform(() => undefined), size], { error })
    .optional()
    .transform((value) => value)
    .register(optionMeta, { description, kind: 'size', fallback: 'unlimited' });
}

function sizeInBytes({
  from,
  to,
  error,
}: {
  readonly from: number;
  readonly to: number;
  readonly error: ErrorText;
}) {
  return z
    .union(
      [
        z.int({ error }).min(from, { error }).max(to, { error }),
        z.string().regex(BYTE_SIZE_PATTERN, { error }),
      ],
      {
        error,
      },
    )
    .transform((value, context) => {
      const parsed = typeof value === 'number' ? value : parseByteSize(value);
      if (parsed !== undefined && parsed >= from && parsed <= to) return parsed;
      context.issues.push({ code: 'custom', message: error({ input: value }), input: value });
      return z.NEVER;
    });
}

export function onOff(byDefault: boolean, description: string, flag?: string) {
  return z
    .boolean({ error: saying('must be true or false') })
    .default(byDefault)
    .register(optionMeta, { description, kind: 'boolean', ...(flag === undefined ? {} : { flag }) });
}

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: saying(`must be one of ${words.join(', ')}`) });
}

/** The path of a file or directory, with a default. */
export function path(byDefault: string, meta: Omit<OptionMeta, 'kind'>) {
  return pathText()
    .default(byDefault)
    .register(optionMeta, { ...meta, kind: 'path' });
}

/** The path of a file, optional. */
export function optionalPath(meta: Omit<OptionMeta, 'kind'>) {
  return pathText()
    .optional()
    .transform((value) => value)
    .register(optionMeta, { fallback: 'not set', ...meta, kind: 'path' });
}

function pathText() {
  const error = saying('must be the name of a file or directory');
  return z
    .string({ error })
    .min(1, { error })
    .refine((name) => !name.includes('\0'), { error });
}

/** A text that `parse` reads; its reason becomes the message. */
export function parsedBy<T>(parse: (text: string) => Parsed<T>, whatItIs: string) {
  return z.string({ error: `must be ${whatItIs}` }).transform((text, context) => {
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    context.issues.push({ code: 'custom', message: parsed.reason, input: text });
    return z.NEVER;
  });
}

type ErrorText = (issue: { readonly input?: unknown }) => string;

/** The message, with the value that was found. */
export function saying(rule: string): ErrorText {
  return ({ input }) => `${rule}, not ${excerpt(input)}`;
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
