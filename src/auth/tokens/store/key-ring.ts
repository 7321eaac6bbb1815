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
  /** The key of credential fingerprints, base64url. */
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

interface KeyRingOptions {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a key signs. */
  readonly rotateAfterMs?: number;
  /** How long a key verifies after the next one was made; at least the lifetime of a token. */
  readonly keepMs?: number;
  /** Called with the reason why a new key could not be stored. */
  readonly onError?: (error: unknown) => void;
  /** Awaited after a new key was stored and before it signs: other processes must read it to verify its tokens. */
  readonly onStored?: () => Promise<unknown>;
  /** The keys to use if none can be stored, the same for all processes of a gate. Default: keys of this process. */
  readonly spare?: KeyState | undefined;
}

export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** The keys of access tokens. */
export interface KeyRing {
  /** Whether users other than its owner may open the file. */
  readonly exposed: boolean;
  /** Returns the key to sign with: a new one if there is none or the last one is old. If it can't be stored, the old one stays in use, or one in memory. */
  signer(): Promise<SigningKey>;
  /** Returns the public key with this id, as long as tokens that it signed may be valid. */
  verifier(kid: string): CryptoKey | undefined;
  /** Returns a keyed fingerprint (HMAC-SHA256, 132 bits, base64). It shows whether two texts are equal, and nothing else. */
  fingerprint(text: string): string;
  /** Reads the file again, to which another gate may have added a key. Throws AppError STATE_INVALID. */
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
 * Opens the keys. The first one is made when it is needed: a gate that issues no tokens writes nothing. After the file was
 * deleted, the next reload ends every access token. Throws AppError STATE_INVALID.
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
      // Another process may have signed with a spare key.
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

/** Makes keys for processes that may be unable to store any. */
export function makeSpareKeys(now: number): Promise<KeyState> {
  return withNewKey(emptyState(), now, 0);
}

/** Returns the fingerprint function of the ring in this file. Writes nothing if there is no file. Throws AppError STATE_INVALID. */
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

/** The id of a key is its thumbprint (RFC 7638). */
async function load({ keys, fingerprintKey }: KeyState, path: string): Promise<Loaded> {
  // Only a gate that issues tokens has keys. Others start without loading the library.
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
    // The same error for an invalid key and for one of another kind. It quotes neither.
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
