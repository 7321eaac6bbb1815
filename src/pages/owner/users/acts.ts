import { accountOf, MACHINE_PREFIX } from '../../../auth/principal.ts';
import { PageError } from '../../request/page-error.ts';
import type { PageAnswer, PageRequest } from '../../request/page-request.ts';
import { withQuery } from '../../request/page-address.ts';
import type { UsersOptions } from './source.ts';

type Changed = Pick<UsersOptions, 'machines' | 'devices' | 'sessions' | 'users' | 'noteAct'>;

const ID = /^[mds]-[0-9a-f]{1,32}$/;

/** Revokes the token of a machine, `user` being `token:NAME`, or of a device. */
export async function revoke(options: Changed, request: PageRequest): Promise<PageAnswer> {
  const { user, id } = readTarget(request);
  if (id === undefined) throw new PageError('bad-input');
  if (user.startsWith(MACHINE_PREFIX)) return revokeMachine(options, request, id);
  const isGone = ((await options.devices?.revoke(user, [id])) ?? 0) > 0;
  if (isGone) note(options, request, { action: 'revoke', target: user, token: id });
  return { kind: 'redirect', to: pathOf(user) };
}

/** The audit log is told the name of the token itself: the one in the form may be that of another. */
async function revokeMachine(options: Changed, request: PageRequest, id: string): Promise<PageAnswer> {
  const token = options.machines.all().find((it) => it.id === id);
  if (token !== undefined && (await options.machines.end(id)))
    note(options, request, { action: 'revoke', target: `${MACHINE_PREFIX}${token.name}`, token: id });
  return { kind: 'redirect', to: withQuery('/users', { view: 'tokens', done: '1' }) };
}

/** Ends one session of a user, or all of them. */
export async function endSessions(options: Changed, request: PageRequest): Promise<PageAnswer> {
  const { user, id } = readTarget(request);
  const { sessions } = options;
  const isGone = id === undefined ? (await sessions.endAll(user)) > 0 : await sessions.end(user, id);
  if (isGone) note(options, request, { action: 'end-sessions', target: user, token: id });
  return { kind: 'redirect', to: pathOf(user) };
}

function pathOf(user: string): string {
  return withQuery('/users', { user, done: '1' });
}

function readTarget({ form }: PageRequest): { readonly user: string; readonly id: string | undefined } {
  const user = form.get('user');
  const id = form.get('id');
  if (user === '' || user.length > 300 || (id !== '' && !ID.test(id))) throw new PageError('bad-input');
  return { user, id: id === '' ? undefined : id };
}

function note(
  { noteAct }: Changed,
  { principal, client }: PageRequest,
  act: Pick<Parameters<UsersOptions['noteAct']>[0], 'action' | 'target' | 'token'>,
): void {
  noteAct({ user: accountOf(principal), address: client.address, ...act });
}
