import { randomBytes } from 'node:crypto';
import { createKeyedHash } from '../../lib/keyed-hash.ts';
import type { Turn } from '../../lib/streams/turn.ts';
import type { UserDirectory, Verdict } from '../directory.ts';
import type { HashPool, HashVerdict } from '../passwords/hash-pool.ts';
import { hashedPart, isCut, verifyHash, type StoredHash } from '../passwords/password-hash.ts';
import type { UserEntry } from './htpasswd-entry.ts';
import { entriesOf, type HtpasswdDocument } from './htpasswd-file.ts';
import type { Users } from './user-store.ts';

interface HtpasswdDirectoryOptions {
  readonly store: { current(): Users };
  readonly pool: Pick<HashPool, 'verify'>;
  /** Secret that chooses the stand-in of an unknown name. Processes of one gate have the same. */
  readonly key?: Buffer | undefined;
  /** Called once for each user whose right password is longer than the part that bcrypt looks at. */
  readonly onCut?: (user: string) => void;
}

const REJECTED: Verdict = { kind: 'rejected' };
const BUSY: Verdict = { kind: 'busy' };
const NO_GROUPS: readonly string[] = [];

/**
 * The users of a password file. The version of a credential is the stored hash. An unknown name is checked against the
 * hash of another user and rejected, so that it takes as long as a known one. The file knows no groups.
 */
export function createHtpasswdDirectory(options: HtpasswdDirectoryOptions): UserDirectory {
  const { store, pool, key = randomBytes(32), onCut = () => undefined } = options;
  const keyed = createKeyedHash(key);
  const noteCut = createCutNotice(onCut);
  const find = (user: string): UserEntry | undefined => store.current().byName.get(user);
  return {
    authenticate: async ({ user, password }, turn) => {
      const own = find(user);
      const entry = own ?? standIn(store.current(), keyed(`stand-in ${user}`));
      if (entry === undefined) return REJECTED;
      const verdict = await verify(pool, { hash: entry.hash, password: password.reveal(), turn });
      if (verdict === 'busy' || verdict === 'failed') return BUSY;
      if (own === undefined || verdict === 'mismatch') return REJECTED;
      noteCut(own, password.reveal());
      return { kind: 'verified', user: own.name };
    },
    credentialVersion: (user) => find(user)?.hash.text,
    groups: () => NO_GROUPS,
    comparedPart: (user, password) => {
      const entry = find(user);
      return entry === undefined ? password : hashedPart(entry.hash.text, password);
    },
  };
}

/** Returns the versions of the credentials in a file, as the directory gives them. */
export function credentialVersions(document: HtpasswdDocument): UserDirectory['credentialVersion'] {
  const hashes = new Map(entriesOf(document).map(({ name, hash }) => [name, hash.text]));
  return (user) => hashes.get(user);
}

/** Calls `onCut` once for each entry whose user's password is longer than what its hash looks at. */
function createCutNotice(onCut: (user: string) => void): (entry: UserEntry, password: string) => void {
  const told = new WeakSet<UserEntry>();
  return (entry, password) => {
    if (!isCut(entry.hash, password) || told.has(entry)) return;
    told.add(entry);
    onCut(entry.name);
  };
}

interface Verification {
  readonly hash: StoredHash;
  readonly password: string;
  readonly turn: Turn | undefined;
}

function verify(
  pool: Pick<HashPool, 'verify'>,
  { hash, password, turn }: Verification,
): Promise<HashVerdict> {
  if (hash.slow) return pool.verify(hash.text, password, turn);
  return Promise.resolve(verifyHash(hash.text, password) ? 'match' : 'mismatch');
}

/**
 * The entry that an unknown name is checked against: always the same for one name, and spread like the costs in the
 * file. The list is in order of cost, so that a change of the file moves few names to another cost.
 */
function standIn({ byCost }: Users, keyedName: string): UserEntry | undefined {
  const share = Buffer.from(keyedName, 'base64').readUInt32BE() / 2 ** 32;
  return byCost[Math.floor(share * byCost.length)];
}
