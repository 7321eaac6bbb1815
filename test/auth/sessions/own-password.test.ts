import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { createHash, verifyHash } from '../../../src/auth/passwords/password-hash.ts';
import { createOwnPassword, type OwnPassword } from '../../../src/auth/sessions/own-password.ts';
import type { SignInCheck } from '../../../src/auth/tokens/sign-in.ts';
import { entriesOf, withUser, withoutUser } from '../../../src/auth/users/htpasswd-file.ts';
import { changeUsersFile, readUsersFile } from '../../../src/auth/users/users-file.ts';
import { ALICE } from '../tokens/support.ts';

const FORM = {
  user: 'alice',
  old: new Secret('old one of alice'),
  next: new Secret('next one of alice'),
  address: '10.0.0.1',
  agent: 'Firefox',
};

let folder = '';
let path = '';
let version = '';
let begun: { name: string; version: string }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gate-own-password-'));
  path = join(folder, 'htpasswd');
  await give('old one of alice');
  version = await stored();
  begun = [];
});

afterEach(() => rm(folder, { recursive: true }));

async function give(password: string): Promise<void> {
  const hash = await createHash(password);
  await changeUsersFile(path, (document) => withUser(document, 'alice', hash));
}

async function stored(): Promise<string> {
  return entriesOf((await readUsersFile(path)).document)[0]?.hash.text ?? '';
}

type Verdict = Awaited<ReturnType<SignInCheck['signIn']>>;

/** `meanwhile` happens after the old password was found to be right. */
function opened(meanwhile = async (): Promise<void> => undefined): OwnPassword {
  const signIn = async (): Promise<Verdict> => {
    await meanwhile();
    return { kind: 'verified', principal: ALICE, version };
  };
  const begin = async (user: { name: string; version: string }): Promise<Secret<string>> => {
    begun.push(user);
    return new Secret('secret of the session');
  };
  return createOwnPassword({
    path,
    check: { signIn },
    sessions: { begin },
    onChanged: async () => undefined,
  });
}

describe('the change of an own password', () => {
  it('stores the new one and begins a session of it', async () => {
    expect(await opened().change(FORM)).toMatchObject({ kind: 'changed', isWeak: false });
    const hash = await stored();
    expect(verifyHash(hash, 'next one of alice')).toBe(true);
    expect(begun).toEqual([{ name: 'alice', version: hash }]);
  });

  it.each<readonly [string, () => Promise<void>]>([
    ['an owner gives another password', () => give('from the owner')],
    ['an owner gives the same password again', () => give('old one of alice')],
    ['the user is removed', () => changeUsersFile(path, (document) => withoutUser(document, 'alice'))],
    ['the file is emptied', () => writeFile(path, '')],
  ])('changes nothing where meanwhile %s', async (_name, meanwhile) => {
    let after = '';
    const own = opened(async () => {
      await meanwhile();
      after = await readFile(path, 'utf8');
    });
    expect(await own.change(FORM)).toEqual({ kind: 'rejected' });
    expect([await readFile(path, 'utf8'), begun]).toEqual([after, []]);
  });

  it('lets one of many at once win', async () => {
    const own = opened();
    const forms = ['one', 'two', 'three'].map((word) => ({ ...FORM, next: new Secret(`${word} next`) }));
    const outcomes = await Promise.all(forms.map((form) => own.change(form)));
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['changed', 'rejected', 'rejected']);
  });
});
