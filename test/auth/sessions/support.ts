import { join } from 'node:path';
import {
  openSessions,
  type OpenSessions,
  type OtherSessions,
} from '../../../src/auth/sessions/open-sessions.ts';
import { openKeyRing } from '../../../src/auth/tokens/store/key-ring.ts';
import type { UserDirectory } from '../../../src/auth/directory.ts';
import type { Clock } from '../tokens/support.ts';

export interface SessionsOpened {
  readonly sessions: OpenSessions;
  readonly log: readonly string[];
}

/** The sessions of a folder, as a gate opens them. */
export async function openedSessions(
  folder: string,
  clock: Pick<Clock, 'now'>,
  directory: Pick<UserDirectory, 'credentialVersion' | 'groups'>,
  others?: OtherSessions,
): Promise<SessionsOpened> {
  const log: string[] = [];
  const say = (fields: object, message: string): void =>
    void log.push(`${message} ${JSON.stringify(fields)}`);
  const keys = await openKeyRing({ path: join(folder, 'token-keys.json'), now: clock.now });
  const logger = { debug: say, info: say, warn: say, error: say };
  return {
    log,
    sessions: await openSessions({ state: folder, keys, directory, logger, now: clock.now, others }),
  };
}
