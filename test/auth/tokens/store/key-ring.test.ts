import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeyRing, readFingerprints, type KeyRing } from '../../../../src/auth/tokens/store/key-ring.ts';
import { Clock, DAY, errorOf, makeFolder } from '../support.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let path = '';
let clock: Clock;

beforeEach(async () => {
  folder = await makeFolder();
  path = join(folder.path, 'token-keys.json');
  clock = new Clock();
});

afterEach(() => folder.close());

async function opened(): Promise<KeyRing> {
  const ring = await openKeyRing({ path, now: clock.now });
  await ring.signer();
  return ring;
}

const stored = async (): Promise<{ keys: { pem: string; made: string }[]; fingerprintKey: string }> =>
  JSON.parse(await readFile(path, 'utf8'));
const kidOf = async (ring: KeyRing): Promise<string> => (await ring.signer()).kid;

describe('the key ring', () => {
  it('makes a P-256 key, for its owner alone, and finds it again', async () => {
    const ring = await opened();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const [key] = (await stored()).keys;
    expect(createPrivateKey(key?.pem ?? '').asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(await kidOf(await opened())).toBe(await kidOf(ring));
    expect(ring.verifier(await kidOf(ring))?.type).toBe('public');
  });

  it('writes nothing until a key is needed', async () => {
    const ring = await openKeyRing({ path, now: clock.now });
    expect(await readdir(folder.path)).toEqual([]);
    await ring.signer();
    expect(await readdir(folder.path)).toEqual(['token-keys.json']);
  });

  it('signs with a key in memory where none can be stored, and says so once', async () => {
    const errors: unknown[] = [];
    const nowhere = join(folder.path, 'absent', 'token-keys.json');
    const onError = (error: unknown): void => void errors.push(error);
    const ring = await openKeyRing({ path: nowhere, now: clock.now, onError });
    const kid = await kidOf(ring);
    expect([await kidOf(ring), errors.length]).toEqual([kid, 1]);
    expect(ring.verifier(kid)).toBeDefined();
  });

  it('makes one key where two gates start at once', async () => {
    const rings = await Promise.all([opened(), opened(), opened()]);
    expect(new Set(await Promise.all(rings.map(kidOf))).size).toBe(1);
  });

  it('signs with a new key after 30 days; the old one verifies until its tokens are gone', async () => {
    const ring = await opened();
    const old = await kidOf(ring);
    clock.at += 30 * DAY - 1;
    expect(await kidOf(ring)).toBe(old);
    clock.at += 1;
    const [next, same] = await Promise.all([kidOf(ring), kidOf(ring)]);
    expect([next === old, next]).toEqual([false, same]);
    expect([ring.verifier(old) === undefined, ring.verifier(next) === undefined]).toEqual([false, false]);
    clock.at += DAY - 1;
    expect(ring.verifier(old)).toBeDefined();
    clock.at += 1;
    expect([ring.verifier(old) === undefined, ring.verifier(next) === undefined]).toEqual([true, false]);
    clock.at += 30 * DAY;
    await ring.signer();
    expect((await stored()).keys).toHaveLength(2);
  });

  it('learns of a key that another gate made', async () => {
    const [one, other] = [await opened(), await opened()];
    clock.at += 31 * DAY;
    const kid = await kidOf(one);
    expect(other.verifier(kid)).toBeUndefined();
    await other.reload();
    expect(other.verifier(kid)).toBeDefined();
    expect(await kidOf(other)).toBe(kid);
  });

  it('goes on with the old key where no new one can be stored', async () => {
    const ring = await opened();
    const old = await kidOf(ring);
    clock.at += 31 * DAY;
    await rm(folder.path, { recursive: true });
    expect(await kidOf(ring)).toBe(old);
    folder = await makeFolder();
  });

  it.each(['__proto__', 'constructor', '', '../../etc/passwd', 'unknown'])('knows no key %j', async (kid) => {
    expect((await opened()).verifier(kid)).toBeUndefined();
  });

  it('tells texts apart by fingerprints that survive a restart and a rotation, and depend on the file', async () => {
    const ring = await opened();
    const print = ring.fingerprint('$2y$10$abc');
    expect(print).toMatch(/^[\w+/]{22}$/);
    expect(ring.fingerprint('$2y$10$abd')).not.toBe(print);
    clock.at += 31 * DAY;
    await ring.signer();
    expect((await opened()).fingerprint('$2y$10$abc')).toBe(print);
    expect((await readFingerprints(path))('$2y$10$abc')).toBe(print);
    await rm(path);
    expect((await opened()).fingerprint('$2y$10$abc')).not.toBe(print);
  });

  it('says whether others may open the file', async () => {
    expect((await opened()).exposed).toBe(false);
    await chmod(path, 0o640);
    expect((await opened()).exposed).toBe(true);
  });
});

describe('a file of keys', () => {
  const pemOf = (type: 'rsa' | 'p384' | 'ed25519'): string => {
    const { privateKey } =
      type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : type === 'p384'
          ? generateKeyPairSync('ec', { namedCurve: 'P-384' })
          : generateKeyPairSync('ed25519');
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  };

  it.each([
    ['an RSA key', () => pemOf('rsa')],
    ['a P-384 key', () => pemOf('p384')],
    ['an Ed25519 key', () => pemOf('ed25519')],
    ['no key', () => 'secret words'],
  ])('is refused with %s, which the error does not repeat', async (_name, pem) => {
    await opened();
    const state = await stored();
    const text = pem();
    await writeFile(path, JSON.stringify({ ...state, keys: [{ made: state.keys[0]?.made, pem: text }] }));
    const error = await errorOf(opened());
    expect(error.code).toBe('STATE_INVALID');
    expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain(text.slice(0, 12));
  });

  it.each([
    ['a short fingerprint key', { fingerprintKey: 'AAAA' }],
    ['keys that are no list', { keys: {} }],
    ['another version', { version: 2 }],
  ])('is refused with %s', async (_name, more) => {
    await opened();
    await writeFile(path, JSON.stringify({ version: 1, ...(await stored()), ...more }));
    expect((await errorOf(opened())).code).toBe('STATE_INVALID');
  });
});
