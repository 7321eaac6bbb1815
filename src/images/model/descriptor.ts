import { parseDigest, type Digest } from '../../oci/digest.ts';
import { AppError } from '../../lib/errors.ts';
import { findOtherCase } from './json-names.ts';
import { isObject, type JsonObject } from './json.ts';
import type { Platform } from './platform.ts';

/** Names content by its digest (image-spec: "OCI Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** Only in an index. */
  readonly platform: Platform | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** Where a foreign layer may be fetched. */
  readonly urls: readonly string[];
  /** The descriptor as it stood in its manifest, members included that are not read here. */
  readonly json: JsonObject;
}

const otherCaseOf = findOtherCase([
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'platform',
  'artifactType',
]);
const otherCaseOfPlatform = findOtherCase(['os', 'os.version', 'os.features', 'architecture', 'variant']);

/** Reads a descriptor. Throws AppError IMAGE_INVALID. `where` names it in the message. */
export function readDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalidImage(`${where} is not an object`);
  const otherCase = otherCaseOf(value);
  if (otherCase !== undefined) throw invalidImage(`in ${where} ${otherCase}`);
  const digest = parseDigest(textOf(value, 'digest'));
  if (digest === undefined) throw invalidImage(`${where} has no digest that is known here`);
  const size = value['size'];
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalidImage(`the size of ${where} is not a number of bytes`);
  const urls = value['urls'];
  const artifactType = textOf(value, 'artifactType');
  return {
    mediaType: textOf(value, 'mediaType'),
    digest,
    size,
    platform: readPlatform(value['platform'], where),
    artifactType: artifactType === '' ? undefined : artifactType,
    annotations: readTexts(value['annotations']),
    urls: Array.isArray(urls) ? urls.filter((url) => typeof url === 'string') : [],
    json: value,
  };
}

/** Returns a new descriptor of content. */
export function makeDescriptor(
  content: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  json: JsonObject = {},
): Descriptor {
  const { mediaType, digest, size } = content;
  return readDescriptor({ ...json, mediaType, digest: digest.text, size }, 'a descriptor');
}

function readPlatform(value: unknown, where: string): Platform | undefined {
  if (!isObject(value)) return undefined;
  const otherCase = otherCaseOfPlatform(value);
  if (otherCase !== undefined) throw invalidImage(`in the platform of ${where} ${otherCase}`);
  const variant = textOf(value, 'variant');
  const osVersion = textOf(value, 'os.version');
  return {
    os: textOf(value, 'os'),
    architecture: textOf(value, 'architecture'),
    variant: variant === '' ? undefined : variant,
    osVersion: osVersion === '' ? undefined : osVersion,
  };
}

/** Returns the members that are texts. */
export function readTexts(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Returns a member that is a text, or an empty text. */
export function textOf(value: JsonObject, name: string): string {
  const member = value[name];
  return typeof member === 'string' ? member : '';
}

/** An image that is not what the specification says. */
export function invalidImage(reason: string): AppError {
  return new AppError('IMAGE_INVALID', {
    message: `The image can't be read: ${reason}.`,
    hint: 'Push or save it again. To see it as it is stored: registry-gate images inspect --raw IMAGE',
  });
}
