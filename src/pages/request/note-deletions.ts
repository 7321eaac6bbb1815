import type { Principal } from '../../auth/principal.ts';
import type { Repository } from '../../images/store.ts';
import type { PageClient } from './page-request.ts';

/** One deletion that a page asked of the registry, and who had it done. */
export interface Deletion {
  readonly repository: string;
  /** A digest, or a tag that goes alone. */
  readonly reference: string;
  /** `failed`: the registry refused, or gave no answer. */
  readonly answer: 'deleted' | 'missing' | 'unsupported' | 'failed';
  readonly milliseconds: number;
  readonly principal: Principal;
  readonly client: PageClient;
  /** What allows it, as the log names it. */
  readonly rule: string | undefined;
}

type OnAnswer = (deletion: Omit<Deletion, 'principal' | 'client' | 'rule'>) => void;

/** The same repository, which tells of each deletion when the registry has answered. */
export function noteDeletions(repository: Repository, onAnswer: OnAnswer): Repository {
  const { repository: name } = repository.origin;
  return {
    ...repository,
    deleteManifest: async (reference) => {
      const startedAt = performance.now();
      const note = (answer: Deletion['answer']): void =>
        onAnswer({ repository: name, reference, answer, milliseconds: performance.now() - startedAt });
      const answer = await repository.deleteManifest(reference).catch((error: unknown) => {
        note('failed');
        throw error;
      });
      note(answer);
      return answer;
    },
    uninterrupted: () => noteDeletions(repository.uninterrupted(), onAnswer),
  };
}
