import { access, constants, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Secret } from '../../lib/secret.ts';
import type { Throttled } from '../abuse/guard.ts';
import { createHash } from '../passwords/password-hash.ts';
import type { SignInCheck } from '../tokens/sign-in.ts';
import { entriesOf, withUser } from '../users/htpasswd-file.ts';
import { findPasswordProblem, findPasswordWeakness } from '../users/user-rules.ts';
import { changeUsersFile } from '../users/users-file.ts';

type PasswordChange =
  /** `isWeak`: the new one is easy to guess. It is taken all the same, as `users passwd` does. */
  | { readonly kind: 'changed'; readonly isWeak: boolean }
  /** The old password is wrong. */
  | { readonly kind: 'rejected' }
  /** The new one can't be a password. */
  | { readonly kind: 'invalid' }
  | { readonly kind: 'busy'; readonly seconds: number }
  | Throttled;

interface OwnPasswordOptions {
  /** The htpasswd file. */
  readonly path: string;
  readonly check: Pick<SignInCheck, 'signIn'>;
  /** Awaited after the file was changed. When it resolves, every process has read it. */
  readonly onChanged: () => Promise<unknown>;
}

interface PasswordForm {
  readonly user: string;
  readonly old: Secret<string>;
  readonly next: Secret<string>;
  readonly address: string;
}

/** Changes the passwords of users who know theirs. */
export interface OwnPassword {
  /** Reports whether the file can be changed: it may be mounted for reading alone. */
  isWritable(): Promise<boolean>;
  /**
   * Verifies the old password, with the throttle of every other sign-in, and stores the new one. The sessions and the
   * identity tokens of the user end by that. Rejects with an AppError if the file can't be changed.
   */
  change(form: PasswordForm): Promise<PasswordChange>;
}

export function createOwnPassword({ path, check, onChanged }: OwnPasswordOptions): OwnPassword {
  return {
    isWritable: async () => {
      try {
        await access(dirname(await realpath(path)), constants.W_OK);
        return true;
      } catch {
        return false;
      }
    },
    change: async ({ user, old, next, address }) => {
      const text = next.reveal();
      if (findPasswordProblem(text) !== undefined) return { kind: 'invalid' };
      const verdict = await check.signIn({ user, password: old, address });
      if (verdict.kind === 'busy') return { kind: 'busy', seconds: 5 };
      if (verdict.kind !== 'verified') return verdict;
      const { principal } = verdict;
      if (principal.kind !== 'user' || principal.name !== user) return { kind: 'rejected' };
      const hash = await createHash(text);
      let isThere = false;
      await changeUsersFile(path, (document) => {
        isThere = entriesOf(document).some(({ name }) => name === user);
        return isThere ? withUser(document, user, hash) : document;
      });
      if (!isThere) return { kind: 'rejected' };
      await onChanged();
      return { kind: 'changed', isWeak: findPasswordWeakness(text, user) !== undefined };
    },
  };
}
