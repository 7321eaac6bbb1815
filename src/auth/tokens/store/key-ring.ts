import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes } from 'node:crypto';
import type { KeyObject, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '../../../lib/errors.ts';
import { createKeyedHash } from '../../../lib/keyed-hash.ts';
import { changeState, isListOf, isMoment, isRecord, isText, readState } from './state-file.ts';
import type { StateFile } from './state-file.ts';

type CryptoKey = webcrypto.CryptoKey;

interface StoredKey {
  readonly made: string;
  /** PKCS#8 PEM, ECDSA P-256. */
  readonly pem: string;
}

/** The content of `token-keys.json`. */
export interface KeyState {
  readonly version: 1;
  /** Base64url; under it credentials become fingerprints. */
  readonly fingerprintKey: string;
  /** The last one signs. */
  readonly keys: readonly StoredKey[];
}

interface RingKey {
  readonly kid: string;
  readonly made: number;
  readonly signing: KeyObject;
  readonly verifying: CryptoKey;
}

export interface KeyRingOptions {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a key signs. */
  readonly rotateAfterMs?: number;
  /** How long a key verifies after the next was made: no less than the life of a token. */
  readonly keepMs?: number;
  /** Told why a new key could not be stored. */
  readonly onError?: (error: unknown) => void;
  /** Awaited after a new key was stored and before it signs: others have to read it to know what it has signed. */
  readonly onStored?: () => Promise<unknown>;
  /** The keys that hold where none can be stored: the same for all processes of a gate. Made here, unless given. */
  readonly spare?: KeyState | undefined;
}

export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** The keys of access tokens. */
export interface KeyRing {
  /** Whether others than its owner may open the file. */
  readonly exposed: boolean;
  /** The key to sign with; a new one where there is none or the last is old. Where it can't be stored the old one goes on, or one in memory. */
  signer(): Promise<SigningKey>;
  /** The public key of this name, while tokens that it signed may be alive. */
  verifier(kid: string): CryptoKey | undefined;
  /** A keyed fingerprint (HMAC-SHA256, 132 bits, base64): tells whether two texts are the same, and nothing else. */
  fingerprint(text: string): string;
  /** Reads the file again: another gate may have made a key. Throws AppError STATE_INVALID. */
  reload(): Promise<void>;
}

interface Loaded {
  readonly keys: readonly RingKey[];
  readonly fingerprint: KeyRing['fingerprint'];
}

const DAY = 86_400_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const generate = promisify(generateKeyPair);

/**
 * Opens the keys. The first is made when it is needed: a gate that gives out no tokens writes nothing. Deleting the file
 * voids every access token, at the next reload. Throws AppError STATE_INVALID.
 */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const { path, now, rotateAfterMs = 30 * DAY, keepMs = DAY, onError = () => undefined } = options;
  const { onStored = async () => undefined, spare } = options;
  const fingerprints = spare === undefined ? {} : { fingerprintKey: spare.fingerprintKey };
  const file: StateFile<KeyState> = { path, empty: { ...emptyState(), ...fingerprints }, isState };
  const isOld = (made: number | undefined): boolean => made === undefined || made + rotateAfterMs <= now();
  const rotate = async (): Promise<Loaded> => {
    const state = await changeState(file, async (before) =>
      isOld(lastMade(before)) ? withNewKey(before, now(), keepMs) : before,
    );
    const next = await load(state, path);
    await onStored();
    return next;
  };
  const spareRing = spare && (await load(spare, path));
  const { exposed, state } = await readState(file);
  let ring = await load(state, path);
  let rotating: Promise<void> | undefined;

  const rotateOnce = (): Promise<void> => {
    rotating ??= rotate()
      .catch(async (error: unknown) => {
        onError(error);
        if (ring.keys.length > 0) return ring;
        return spareRing ?? load(await withNewKey(file.empty, now(), keepMs), path);
      })
      .then((next) => void (ring = next))
      .finally(() => (rotating = undefined));
    return rotating;
  };

  return {
    exposed,
    signer: async () => {
      if (isOld(ring.keys.at(-1)?.made)) await rotateOnce();
      return signerOf(ring);
    },
    verifier: (kid) => {
      const at = ring.keys.findIndex((key) => key.kid === kid);
      // Another process may have had to sign with it.
      if (at < 0) return spareRing?.keys.find((key) => key.kid === kid)?.verifying;
      const next = ring.keys[at + 1];
      return next === undefined || next.made + keepMs > now() ? ring.keys[at]?.verifying : undefined;
    },
    fingerprint: (text) => ring.fingerprint(text),
    reload: async () => {
      ring = await load((await readState(file)).state, path);
    },
  };
}

/** Keys for processes that may not be able to store any. */
export function makeSpareKeys(now: number): Promise<KeyState> {
  return withNewKey(emptyState(), now, 0);
}

/** Fingerprints as the ring in this file makes them, without making one where there is none. Throws AppError STATE_INVALID. */
export async function readFingerprints(path: string): Promise<KeyRing['fingerprint']> {
  const { state } = await readState({ path, empty: emptyState(), isState });
  return createFingerprint(state.fingerprintKey);
}

function createFingerprint(key: string): KeyRing['fingerprint'] {
  const keyed = createKeyedHash(Buffer.from(key, 'base64url'));
  return (text) => keyed(text).slice(0, 22);
}

function signerOf({ keys }: Loaded): SigningKey {
  const last = keys.at(-1);
  if (last === undefined) throw new Error('a ring without keys');
  return { kid: last.kid, key: last.signing };
}

function emptyState(): KeyState {
  return { version: 1, fingerprintKey: randomBytes(32).toString('base64url'), keys: [] };
}

function lastMade({ keys }: KeyState): number | undefined {
  const last = keys.at(-1);
  return last === undefined ? undefined : Date.parse(last.made);
}

async function withNewKey(state: KeyState, now: number, keepMs: number): Promise<KeyState> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const needed = state.keys.filter((_key, at) => {
    const next = state.keys[at + 1];
    return next === undefined || Date.parse(next.made) + keepMs > now;
  });
  return { ...state, keys: [...needed, { made: new Date(now).toISOString(), pem }] };
}

/** The name of a key is its thumbprint (RFC 7638), computed from the key itself. */
async function load({ keys, fingerprintKey }: KeyState, path: string): Promise<Loaded> {
  // Only a gate that gives out tokens has keys: the others start without the library.
  const { calculateJwkThumbprint } = await import('jose');
  const loaded = keys.map(async ({ made, pem }) => {
    const key = parseKey(pem, path);
    const publicKey = createPublicKey(key);
    return {
      kid: await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })),
      made: Date.parse(made),
      signing: key,
      verifying: publicKey.toCryptoKey(ALGORITHM, true, ['verify']),
    };
  });
  const ring = await Promise.all(loaded);
  return { keys: ring, fingerprint: createFingerprint(fingerprintKey) };
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch {
    // The same words for what is no key and for what is another one; neither ends up in them.
  }
  throw damaged(path);
}

function damaged(path: string): AppError {
  return new AppError('STATE_INVALID', {
    message: `${path} holds no ECDSA P-256 keys.`,
    hint: `Move it away (mv ${path} ${path}.old) and start again: clients then fetch new access tokens by themselves.`,
  });
}

function isState(value: unknown): value is KeyState {
  if (!isRecord(value) || value['version'] !== 1) return false;
  const { fingerprintKey, keys } = value;
  return isText(fingerprintKey) && /^[\w-]{43}$/.test(fingerprintKey) && isListOf(isStoredKey, keys);
}

function isStoredKey(value: unknown): value is StoredKey {
  return isRecord(value) && isMoment(value['made']) && isText(value['pem']);
}
