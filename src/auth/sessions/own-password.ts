import { access, constants, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Secret } from '../../lib/secret.ts';
import type { Throttled } from '../abuse/guard.ts';
import { createHash } from '../passwords/password-hash.ts';
import type { SignInCheck } from '../tokens/sign-in.ts';
import { entriesOf, withUser } from '../users/htpasswd-file.ts';
import { findPasswordProblem, findPasswordWeakness } from '../users/user-rules.ts';
import { changeUsersFile } from '../users/users-file.ts';
import type { Sessions } from './sessions.ts';

type PasswordChange =
  /** `isWeak`: the new one is easy to guess. It is taken all the same, as `users passwd` does. `secret`: of the new session. */
  | { readonly kind: 'changed'; readonly isWeak: boolean; readonly secret: Secret<string> }
  /** The old password is wrong, or has been changed by somebody else meanwhile. */
  | { readonly kind: 'rejected' }
  /** The new one can't be a password. */
  | { readonly kind: 'invalid' }
  | { readonly kind: 'busy'; readonly seconds: number }
  | Throttled;

interface OwnPasswordOptions {
  /** The htpasswd file. */
  readonly path: string;
  readonly check: Pick<SignInCheck, 'signIn'>;
  readonly sessions: Pick<Sessions, 'begin'>;
  /** Awaited after the file was changed. When it resolves, every process has read it. */
  readonly onChanged: () => Promise<unknown>;
}

interface PasswordForm {
  readonly user: string;
  readonly old: Secret<string>;
  readonly next: Secret<string>;
  readonly address: string;
  readonly agent: string;
}

/** Changes the passwords of users who know theirs. */
export interface OwnPassword {
  /** Reports whether the file can be changed: it may be mounted for reading alone. */
  isWritable(): Promise<boolean>;
  /**
   * Verifies the old password, with the throttle of every other sign-in, and stores the new one if the old
   * one still stands in the file. The sessions and the identity tokens of the user end by that, and one new session begins.
   * Rejects with an AppError if the file can't be changed.
   */
  change(form: PasswordForm): Promise<PasswordChange>;
}

export function createOwnPassword({ path, check, sessions, onChanged }: OwnPasswordOptions): OwnPassword {
  return {
    isWritable: async () => {
      try {
        await access(dirname(await realpath(path)), constants.W_OK);
        return true;
      } catch {
        return false;
      }
    },
    change: async ({ user, old, next, address, agent }) => {
      const text = next.reveal();
      if (findPasswordProblem(text) !== undefined) return { kind: 'invalid' };
      const verdict = await check.signIn({ user, password: old, address });
      if (verdict.kind === 'busy') return { kind: 'busy', seconds: 5 };
      if (verdict.kind !== 'verified') return verdict;
      const { principal, version } = verdict;
      if (principal.kind !== 'user' || principal.name !== user) return { kind: 'rejected' };
      const hash = await createHash(text);
      let isSame = false;
      await changeUsersFile(path, (document) => {
        // Between the check and the lock, an owner may have given the user another password: a stolen one must not undo it.
        isSame = entriesOf(document).some((entry) => entry.name === user && entry.hash.text === version);
        return isSame ? withUser(document, user, hash) : document;
      });
      if (!isSame) return { kind: 'rejected' };
      await onChanged();
      const secret = await sessions.begin({ name: user, version: hash.text }, { agent, address });
      return { kind: 'changed', isWeak: findPasswordWeakness(text, user) !== undefined, secret };
    },
  };
}
