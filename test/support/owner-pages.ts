import { ownerRoutes, type OwnerOptions } from '../../src/pages/owner/owner.ts';
import type { HealthReport } from '../../src/pages/owner/health/report.ts';
import { isOwner } from '../../src/auth/policy/owner.ts';
import { hasAnonymousRules, OPEN_POLICY, type Policy } from '../../src/auth/policy/policy.ts';
import { ANONYMOUS, type Principal } from '../../src/auth/principal.ts';
import type { Inventory, RepositoryRow } from '../../src/inventory/inventory.ts';
import { connectRoutes } from '../../src/pages/connect/connect.ts';
import { answerPage } from '../../src/pages/frame/answer.ts';
import { renderLayout } from '../../src/pages/frame/layout.ts';
import { createTurns } from '../../src/pages/request/page-turns.ts';
import type { PageRoutes } from '../../src/pages/request/page-request.ts';
import { readRequest } from '../../src/pages/request/read-request.ts';
import { createVisible } from '../../src/pages/request/visible.ts';
import { pageCall } from './page-call.ts';

type Act = Parameters<OwnerOptions['noteAct']>[0];

export const NOW = Date.parse('2026-11-22T10:00:00Z');
const DAY = 86_400_000;

export const GOOD_HEALTH: HealthReport = {
  version: '1.0.0',
  node: 'v24.0.0',
  startedAt: NOW - 3 * DAY,
  workers: { expected: 1, answered: 1 },
  connections: 7,
  registry: { isEmbedded: true, name: '/data', unready: undefined, limitation: undefined },
  names: ['registry.lan'],
  endings: [],
  disks: [{ place: 'registry', directory: '/data', free: 60e9, size: 100e9 }],
  transfers: [],
  otherTransfers: 0,
};

type Pushes = Readonly<Record<string, { readonly at: number; readonly by: string }>>;

export interface OwnerPagesOptions extends Partial<Omit<OwnerOptions, 'see'>> {
  /** Who signed in; undefined for nobody. */
  readonly user?: string | undefined;
  readonly repositories?: readonly string[];
  /** The last pushes by repository, in milliseconds since 1970. */
  readonly pushed?: Pushes;
  readonly authority?: { readonly sha256: string } | undefined;
  readonly forOwners?: boolean;
}

interface Answer {
  readonly status: number;
  /** The page, or where the browser is sent to. */
  readonly text: string;
}

/** The pages of owners, over values of a test. */
export interface OwnerPages {
  get(target: string, language?: string): Promise<Answer>;
  post(target: string, form: Readonly<Record<string, string>>): Promise<Answer>;
  /** What owners did, as the audit log is told. */
  readonly acts: readonly Act[];
}

export function createOwnerPages(options: OwnerPagesOptions = {}): OwnerPages {
  const { user, repositories = [], pushed = {}, forOwners = false } = options;
  const authority = 'authority' in options ? options.authority : { sha256: 'ab'.repeat(32) };
  const acts: Act[] = [];
  const policy = (): Policy => options.policy?.() ?? OPEN_POLICY;
  const principal: Principal = user === undefined ? ANONYMOUS : { kind: 'user', name: user };
  const see = createVisible({
    registry: { repository: unexpected },
    inventory: inventoryOf(repositories, pushed),
    onDeletion: unexpected,
    policy,
  });
  const routes: PageRoutes = {
    ...ownerRoutes({
      users: () => [],
      directory: { groups: () => [] },
      machines: { all: () => [], end: async () => false },
      devices: undefined,
      sessions: { ofUser: async () => [], end: async () => false, endAll: async () => 0 },
      signIns: async () => [],
      lockouts: undefined,
      auditFile: undefined,
      noteAct: (act) => void acts.push(act),
      health: async () => GOOD_HEALTH,
      now: () => NOW,
      ...options,
      policy,
      see,
    }),
    ...connectRoutes({ see, authority: () => authority }),
  };
  const session = { id: 's-1', principal, csrf: 'the-token' };
  const reading = {
    session: async () => (user === undefined ? undefined : session),
    isOwner: (one: Principal) => isOwner(policy(), one),
  };
  const answering = {
    routes,
    forOwners,
    turns: createTurns(),
    anonymous: () => hasAnonymousRules(policy()),
    onFailure: (error: unknown) => {
      throw error;
    },
  };

  const ask = async (
    method: 'GET' | 'POST',
    target: string,
    { form, language }: { readonly form?: string; readonly language?: string },
  ): Promise<Answer> => {
    const request = await readRequest(reading, pageCall(target, { method, form, language }));
    const answer = await answerPage(answering, request);
    if (answer.kind === 'redirect') return { status: 303, text: answer.to };
    const text = renderLayout(request, answer, { icon: '', style: '', script: '' }).toString();
    return { status: answer.status ?? 200, text };
  };
  return {
    get: (target, language) => ask('GET', target, { ...(language !== undefined && { language }) }),
    post: (target, form) => ask('POST', target, { form: new URLSearchParams(form).toString() }),
    acts,
  };
}

function unexpected(): never {
  throw new Error('no page of owners asks for this');
}

/** Knows names and pushes alone. */
function inventoryOf(names: readonly string[], pushes: Pushes): Inventory {
  const rowOf = (name: string): RepositoryRow => ({
    name,
    tags: 1,
    size: 1,
    pushed: pushes[name] && new Date(pushes[name].at),
    pushedBy: pushes[name]?.by,
    complete: true,
  });
  return {
    repositories: async ({ visible, limit }) => {
      const seen = names.filter((name) => visible?.(name) ?? true);
      return { rows: seen.slice(0, limit).map(rowOf), folders: [], next: undefined, total: seen.length };
    },
    repository: unexpected,
    tags: unexpected,
    layerShares: unexpected,
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
}
