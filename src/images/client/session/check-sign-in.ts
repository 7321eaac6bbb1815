import { refused } from './refused.ts';
import type { Session } from './session.ts';

/** Asks for the base path, signed in if the registry wants that (distribution-spec: "Determining Support"). */
export async function checkSignIn(session: Session): Promise<void> {
  const answer = await session.ask({ method: 'GET', to: '/v2/', needs: [] });
  if (answer.status !== 200) throw await refused(answer, 'answer as a registry does');
  await answer.drop();
}
