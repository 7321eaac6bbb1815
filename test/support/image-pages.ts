import { OPEN_POLICY } from '../../src/auth/policy/policy.ts';
import type { Principal } from '../../src/auth/principal.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import type { Repository } from '../../src/images/store.ts';
import { answerPage } from '../../src/pages/frame/answer.ts';
import { imageRoutes } from '../../src/pages/image/image-routes.ts';
import { removeRoutes } from '../../src/pages/repositories/remove/remove-routes.ts';
import { createTurns } from '../../src/pages/request/page-turns.ts';
import { readRequest } from '../../src/pages/request/read-request.ts';
import { createVisible } from '../../src/pages/request/visible.ts';
import { pageCall } from './page-call.ts';

interface Answer {
  readonly status: number;
  /** The body of the page. */
  readonly text: string;
}

/** The pages about the images of one repository, and the summary of a removal: what they say for a target. */
export function createImagePages(repository: Repository): (target: string) => Promise<Answer> {
  const see = createVisible({
    registry: { repository: () => repository },
    inventory: INVENTORY,
    policy: () => OPEN_POLICY,
    onDeletion: unexpected,
  });
  const principal: Principal = { kind: 'user', name: 'alice' };
  const reading = {
    session: async () => ({ id: 's-1', principal, csrf: 'the-token' }),
    isOwner: () => false,
  };
  const answering = {
    routes: {
      ...imageRoutes({ see, now: () => 0, files: { ask: unexpected, largestLayer: 0 } }),
      ...removeRoutes({ see, isEmbedded: true }),
    },
    turns: createTurns(),
    forOwners: false,
    anonymous: () => false,
    onFailure: (error: unknown) => {
      throw error;
    },
  };
  return async (target) => {
    const request = await readRequest(reading, pageCall(target));
    const answer = await answerPage(answering, request);
    if (answer.kind === 'redirect') return { status: 303, text: answer.to };
    return { status: answer.status ?? 200, text: answer.body.toString() };
  };
}

function unexpected(): never {
  throw new Error('no page of an image asks for this');
}

/** Knows no repository yet. */
const INVENTORY: Inventory = {
  repositories: unexpected,
  repository: unexpected,
  tags: unexpected,
  layerShares: async () => new Map(),
  prepare: () => undefined,
  untagged: unexpected,
  needing: unexpected,
  aloneOf: unexpected,
  space: unexpected,
  spaceOf: unexpected,
  refresh: unexpected,
  note: unexpected,
  status: unexpected,
  close: async () => undefined,
};
