import type { Logger } from '../../lib/logger.ts';
import { failureReason } from '../../lib/files/followed-file.ts';
import type { UserDirectory } from '../directory.ts';
import type { KeyRing } from '../tokens/store/key-ring.ts';
import { statePaths } from '../tokens/store/state-paths.ts';
import { openUseLog, type UseLog, type Uses } from '../tokens/store/use-log.ts';
import { openFileSessions, type FileSessions } from './file-sessions.ts';
import { createSessionCheck } from './session.ts';
import { createSessions, type Sessions } from './sessions.ts';

interface OpenSessionsOptions {
  /** The state directory. */
  readonly state: string;
  readonly keys: Pick<KeyRing, 'fingerprint' | 'signer'>;
  readonly directory: Pick<UserDirectory, 'credentialVersion' | 'groups'>;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The other processes of this gate, if there are any. */
  readonly others?: OtherSessions | undefined;
}

/** Synchronises the sessions of the processes of one gate. */
export interface OtherSessions {
  /** Called after a session was stored or removed. Each process must call `reload` before this resolves. */
  readonly onStored: () => Promise<unknown>;
  /** Called with the uses of sessions in this process. The others call `learnUses`. */
  readonly onUses: (uses: Uses) => void;
}

/** The sessions of a gate, in the files of its state directory. */
export interface OpenSessions extends Sessions {
  /** The files to watch. */
  readonly paths: readonly string[];
  /** Reads the files again. A damaged one is logged and changes nothing. Resolves to its error. Never rejects. */
  reload(): Promise<unknown>;
  /** Adds the uses that another process has seen. */
  learnUses(uses: Uses): void;
  close(): Promise<void>;
}

/** Opens the sessions. Throws AppError STATE_INVALID, FILE_UNREADABLE. Nothing is written before the first sign-in. */
export async function openSessions(options: OpenSessionsOptions): Promise<OpenSessions> {
  const { state, logger, now, others } = options;
  const paths = statePaths(state);
  const failure = (message: string) => (error: unknown) => {
    logger.error({ reason: failureReason(error) }, message);
    return error;
  };
  let store: FileSessions | undefined;
  const uses: UseLog = await openUseLog({
    path: paths.sessionUses,
    now,
    isKnown: (id) => store?.has(id) ?? true,
    onError: failure('last uses of sessions not kept'),
    ...(others && { onUses: others.onUses }),
  });
  const file = await openFileSessions({
    path: paths.sessions,
    uses,
    isCurrent: createSessionCheck(options),
    ...(others && { onStored: others.onStored }),
  });
  store = file;
  return {
    ...createSessions({ ...options, store: file }),
    paths: [paths.sessions],
    reload: () => file.reload().then(() => undefined, failure('sessions not reloaded')),
    learnUses: (seen) => uses.learn(seen),
    close: () => uses.close(),
  };
}
