import { isPlainJson } from '../model/json-shape.ts';
import { isObject, parseJsonObject, type JsonObject } from '../model/json.ts';
import { textOf } from '../model/descriptor.ts';

/** A statement that something is so (in-toto: "Statement layer"), as it is signed. */
interface FoundStatement {
  /** What the statement is about, and what it says, as it is stored. */
  readonly bytes: Buffer;
  readonly predicateType: string;
  readonly subjects: readonly StatementSubject[];
}

interface StatementSubject {
  readonly name: string;
  /** `sha256:...`, one for each algorithm. */
  readonly digests: readonly string[];
}

/** As deep as bundles hold envelopes. */
const MOST_DEPTH = 3;

/**
 * Finds the statement in an envelope (DSSE), in a bundle of Sigstore that holds one, or plain. Undefined if there is
 * none. No signature is checked.
 */
export function findStatement(bytes: Buffer): FoundStatement | undefined {
  let current = bytes;
  for (let depth = 0; depth < MOST_DEPTH; depth += 1) {
    const json = isPlainJson(current) ? parseJsonObject(current) : undefined;
    if (json === undefined) return undefined;
    if (textOf(json, '_type').startsWith('https://in-toto.io/Statement/'))
      return { bytes: current, predicateType: textOf(json, 'predicateType'), subjects: subjectsOf(json) };
    const envelope = isObject(json['dsseEnvelope']) ? json['dsseEnvelope'] : json;
    const payload = textOf(envelope, 'payload');
    if (payload === '') return undefined;
    current = Buffer.from(payload, 'base64');
  }
  return undefined;
}

function subjectsOf({ subject }: JsonObject): readonly StatementSubject[] {
  if (!Array.isArray(subject)) return [];
  return subject.filter(isObject).map((entry) => ({
    name: textOf(entry, 'name'),
    digests: digestsOf(entry['digest']),
  }));
}

function digestsOf(value: unknown): readonly string[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([algorithm, hex]) =>
    typeof hex === 'string' ? [`${algorithm}:${hex}`] : [],
  );
}
