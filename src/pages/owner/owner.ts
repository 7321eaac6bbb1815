import { PageError } from '../request/page-error.ts';
import type { PageAnswer, PageRequest, PageRoutes } from '../request/page-request.ts';
import { showActivity, type ActivityOptions } from './activity/activity.ts';
import { unlock, type UnlockOptions } from './activity/unlock.ts';
import { forOwners } from './for-owners.ts';
import { showHealth, type HealthOptions } from './health/health.ts';
import { endSessions, revoke } from './users/acts.ts';
import type { UsersOptions } from './users/source.ts';
import { showUsers } from './users/users.ts';

/** What the pages of owners read and change. */
export interface OwnerOptions extends UsersOptions, ActivityOptions, UnlockOptions, HealthOptions {
  readonly lockouts: UnlockOptions['lockouts'];
}

/** The pages of the owners of the gate: users and rights, activity, health. */
export function ownerRoutes(options: OwnerOptions): PageRoutes {
  return forOwners({
    users: { get: (request) => showUsers(options, request) },
    activity: { get: (request) => showActivity(options, request) },
    health: { get: (request) => showHealth(options, request) },
    'owner-act': { post: (request) => act(options, request.address.act, request) },
  });
}

function act(options: OwnerOptions, name: string, request: PageRequest): Promise<PageAnswer> {
  switch (name) {
    case 'unlock':
      return unlock(options, request);
    case 'revoke':
      return revoke(options, request);
    case 'end-sessions':
      return endSessions(options, request);
    default:
      throw new PageError('not-found');
  }
}
