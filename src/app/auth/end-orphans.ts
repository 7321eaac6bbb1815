import type { OwnTokens } from '../../auth/tokens/own-tokens.ts';
import { failureReason } from '../../lib/files/followed-file.ts';
import type { Logger } from '../../lib/logger.ts';

interface EndOrphansOptions {
  readonly own: Pick<OwnTokens, 'revokeOrphans' | 'revokeStrangers'>;
  /** Calls a function after each change of the users. */
  readonly onChange: (changed: () => void) => void;
  readonly logger: Logger;
}

/**
 * Ends the machine tokens that users made who are gone, now and after each change of the users, so that another user of the
 * same name does not get them. They are refused from the moment when the user is gone, whether or not this succeeds. At the
 * start, a new password ends them too: nobody saw whether it is that of the same user.
 */
export async function endOrphans({ own, onChange, logger }: EndOrphansOptions): Promise<void> {
  const end = async (revoke: () => Promise<number>, reason: string): Promise<void> => {
    try {
      const count = await revoke();
      if (count > 0) logger.info({ count }, reason);
    } catch (error) {
      logger.error({ reason: failureReason(error) }, 'tokens of users who are gone not removed');
    }
  };
  const gone = 'tokens ended whose users are gone';
  onChange(() => void end(() => own.revokeOrphans(), gone));
  await end(() => own.revokeStrangers(), `${gone}, or got another password while no gate was running`);
}
