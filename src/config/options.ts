import { z } from 'zod';
import { ENV_PREFIX } from './values/defaults.ts';
import { optionMeta, type OptionKind, type OptionMeta } from './schema/fields.ts';
import { schema } from './schema/schema.ts';

/** One option, as needed by the references, the command line and the environment. */
export interface OptionRow {
  /** The key in registry-gate.yml, with a dot for each level: `timeouts.bodyIdleSeconds`. */
  readonly path: string;
  /** The environment variable: `REGISTRY_GATE_TIMEOUTS_BODY_IDLE_SECONDS`. */
  readonly env: string;
  /** The flag with its placeholder: `--listen HOST:PORT`. */
  readonly flag: string | undefined;
  readonly kind: OptionKind;
  /** The allowed values, for the reference. */
  readonly values: string;
  /** The default as it would be written, or a sentence if there is none. */
  readonly byDefault: string;
  /** Whether `byDefault` explains instead of quoting: `htpasswd in the certs directory`. */
  readonly isDefaultInWords: boolean;
  readonly description: string;
  readonly secret: boolean;
}

let described: readonly OptionRow[] | undefined;

/** Every option in the order of the schema. */
export function describeOptions(): readonly OptionRow[] {
  described ??= leaves(schema, '').map(describe);
  return described;
}

function describe({ path, field, meta }: Leaf): OptionRow {
  return {
    path,
    env: environmentName(path),
    flag: meta.flag,
    kind: meta.kind,
    // Computed on demand: only the references read it, and it would take a tenth of the start time.
    get values() {
      return valuesOf(z.toJSONSchema(field, { io: 'input', reused: 'inline' }), meta.kind);
    },
    byDefault: defaultOf(field, meta),
    isDefaultInWords: meta.fallback !== undefined && meta.fallback !== 'unlimited',
    description: meta.description,
    secret: meta.secret === true,
  };
}

interface Leaf {
  readonly path: string;
  readonly field: z.ZodType;
  readonly meta: OptionMeta;
}

function leaves(group: z.ZodObject, prefix: string): Leaf[] {
  return Object.entries(group.shape).flatMap(([key, field]): Leaf[] => {
    const path = `${prefix}${key}`;
    const meta = optionMeta.get(asZodType(field));
    if (meta !== undefined) return [{ path, field: asZodType(field), meta }];
    const inner = asZodType(field);
    if (inner instanceof z.ZodPrefault && inner.def.innerType instanceof z.ZodObject) {
      return leaves(inner.def.innerType, `${path}.`);
    }
    throw new TypeError(`the schema of ${path} is neither an option nor a group`);
  });
}

/** The fields of a classic zod object are classic types, which the types of zod do not say. */
function asZodType(field: z.core.$ZodType): z.ZodType {
  if (field instanceof z.ZodType) return field;
  throw new TypeError('not a zod schema');
}

/** `timeouts.bodyIdleSeconds` -> `REGISTRY_GATE_TIMEOUTS_BODY_IDLE_SECONDS`. */
function environmentName(path: string): string {
  return (
    ENV_PREFIX +
    path
      .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
      .replaceAll('.', '_')
      .toUpperCase()
  );
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

function valuesOf(json: JsonSchema, kind: OptionKind): string {
  const orWord = ['unlimited', 'auto']
    .filter((word) => JSON.stringify(json).includes(`"${word}"`))
    .map((word) => `, or \`${word}\``)
    .join('');
  switch (kind) {
    case 'integer':
      return `${rangeOf(json)}${orWord}`;
    case 'size':
      return `size${orWord}`;
    case 'rate':
      return `rate, like \`50MB/s\`${orWord}`;
    case 'choice':
      return (json.enum ?? []).map((word) => `\`${String(word)}\``).join(', ');
    case 'boolean':
      return '`true`, `false`';
    case 'list':
      return 'text, or a list';
    case 'path':
      return 'path';
    case 'text':
      return 'text';
  }
}

function rangeOf({ minimum, maximum }: JsonSchema): string {
  return minimum === undefined ? 'whole number from 1' : `whole number, ${minimum} to ${maximum}`;
}

function defaultOf(field: z.ZodType, meta: OptionMeta): string {
  const value = defaultValue(field);
  if (value === undefined) return meta.fallback ?? 'not set';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** The default as it would be written, found below the wrappers of the field. */
function defaultValue(field: z.ZodType): unknown {
  if (field instanceof z.ZodDefault || field instanceof z.ZodPrefault) return field.def.defaultValue;
  if (field instanceof z.ZodPipe) return defaultValue(asZodType(field.def.in));
  return field instanceof z.ZodOptional || field instanceof z.ZodReadonly
    ? defaultValue(asZodType(field.def.innerType))
    : undefined;
}
