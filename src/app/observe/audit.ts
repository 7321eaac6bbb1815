import { ACTIVITY_OF, keyOf } from '../../audit/activity.ts';
import { factKindOf, type Fact } from '../../audit/fact.ts';
import { createClocks, createReporter } from '../../audit/reporter.ts';
import { openTrail, type Trail } from '../../audit/trail.ts';
import type { Config } from '../../config/schema/schema.ts';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Exchange } from '../../observe/exchange.ts';
import { accountOf } from '../../auth/principal.ts';
import { createTopic, isNothing, type Bus, type Broker } from '../../cluster/bus.ts';
import type { Connections } from '../../http/listener/connections.ts';
import { findContext } from '../../http/context.ts';
import type { NoteAct } from '../../pages/request/note-act.ts';

/** The audit log, as a process that serves sees it. */
export interface Audit {
  observe(exchange: Exchange): void;
  /** From now on requests under way on these connections count. */
  follow(connections: Pick<Connections, 'underWay'>): void;
  /** Notes that a file was loaded again, or could not be, because of `error`. */
  noteReload(file: 'users' | 'access' | 'tokens' | 'certificate', error?: unknown): void;
  /** Notes what ends soon, or has ended. */
  noteExpiry(kind: string, sentence: string, hasEnded: boolean): void;
  noteToken(token: { readonly id: string; readonly name: string }, what: 'made' | 'revoked'): void;
  /** Notes what an owner did on the web pages. */
  readonly noteOwner: NoteAct;
  /** Hands on what it has noted. Never rejects. */
  flush(): Promise<void>;
}

interface AuditOptions {
  readonly config: Pick<Config, 'audit'>;
  readonly bus: Bus;
  readonly logger: Logger;
}

/** Workers send facts to the primary: each sees a part of an act. */
const FACTS = createTopic('audit', isFacts, isNothing);
const UNDER_WAY = createTopic('audit-under-way', isNothing, isKeys);
/** How far apart the facts of one act arrive, in milliseconds: from two workers of a busy machine, and from one process. */
const HOLD_MS = 1000;
const OWN_HOLD_MS = 200;

/** The reporter of this process to the trail in the primary. Undefined where there is no audit log. */
export function openAudit({ config, bus, logger }: AuditOptions): Audit | undefined {
  if (config.audit.file === undefined) return undefined;
  let connections: Pick<Connections, 'underWay'> | undefined;
  const reporter = createReporter(
    (facts) => bus.request(FACTS, facts),
    (facts, error) => logger.error({ facts, error: String(error) }, 'lost for the audit log'),
    createClocks(),
  );
  bus.handle(UNDER_WAY, async () => {
    // What has ended is reported before what has not.
    await reporter.flush();
    return connections === undefined ? [] : keysOf(connections);
  });
  return {
    observe: reporter.observe,
    follow: (opened) => (connections = opened),
    noteReload: (file, error) => {
      if (bus.slot !== 0) return;
      reporter.add({ kind: 'reload', action: file, isDone: error === undefined, reason: codeOf(error) });
    },
    noteExpiry: (kind, sentence, hasEnded) => {
      if (bus.slot !== 0) return;
      reporter.add({ kind: 'expiry', action: kind, reason: sentence, isDone: hasEnded });
    },
    noteToken: ({ id, name }, what) => {
      if (bus.slot === 0) reporter.add({ kind: 'token', token: id, user: name, reason: what, isDone: true });
    },
    noteOwner: (act) => reporter.add({ kind: 'owner', by: 'session', isDone: true, ...act }),
    flush: () => reporter.flush(),
  };
}

interface AuditTrailOptions {
  readonly config: Pick<Config, 'audit'>;
  readonly broker: Broker;
  readonly workers: number;
  readonly logger: Logger;
}

/**
 * The audit log of all workers, in their primary; in a gate of one process that is the process itself, over its local bus.
 * Facts go in batches, so that this costs a request nothing. Undefined where there is no audit log. Throws AppError
 * FILE_UNWRITABLE.
 */
export async function openAuditTrail({
  config,
  broker,
  workers,
  logger,
}: AuditTrailOptions): Promise<Trail | undefined> {
  const { file: path, chain } = config.audit;
  if (path === undefined) return undefined;
  const underWay = async (): Promise<ReadonlySet<string>> =>
    new Set((await broker.collect(UNDER_WAY, undefined)).flat());
  const holdMs = workers === 1 ? OWN_HOLD_MS : HOLD_MS;
  const trail = await openTrail({ path, chain, logger, holdMs, underWay, now: createClocks() });
  broker.handle(FACTS, (facts) => trail.record(facts));
  return trail;
}

function keysOf(connections: Pick<Connections, 'underWay'>): string[] {
  return connections.underWay().flatMap(({ req }) => {
    const context = findContext(req);
    if (context?.request === undefined) return [];
    const { request, principal, address } = context;
    const kind = factKindOf(request, 200);
    const act = kind && ACTIVITY_OF[kind];
    if (act === undefined || !('repository' in request.route)) return [];
    const user = accountOf(principal) || undefined;
    return [keyOf(act, { user, address, repository: request.route.repository })];
  });
}

function codeOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof AppError ? error.code : 'UNKNOWN';
}

/** Guard: a worker runs the same program, so that the facts need no further check. */
function isFacts(value: unknown): value is readonly Fact[] {
  return Array.isArray(value);
}

function isKeys(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string');
}
