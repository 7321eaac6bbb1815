import type { ServerResponse } from 'node:http';
import { ACT_OF, keyOf } from '../../audit/act.ts';
import { factKindOf } from '../../audit/fact.ts';
import type { Fact } from '../../audit/fact.ts';
import { createClocks, createReporter } from '../../audit/reporter.ts';
import { openTrail } from '../../audit/trail.ts';
import type { Trail } from '../../audit/trail.ts';
import type { Config } from '../../config/schema/schema.ts';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Exchange } from '../../observe/exchange.ts';
import { accountOf } from '../../auth/principal.ts';
import { isDigest } from '../../oci/grammar.ts';
import type { Bus, Broker } from '../../cluster/bus.ts';
import { createTopic, isNothing } from '../../cluster/bus.ts';
import type { ForwardStep } from '../../pipeline/stage.ts';
import type { Connections } from '../../http/listener/connections.ts';
import { findContext } from '../../http/context.ts';

/** What the gate itself took up again, or could not. */
export type Part = 'users' | 'access' | 'tokens' | 'certificate';

/** The audit log, as a process that serves sees it. */
export interface Audit {
  observe(exchange: Exchange): void;
  /** Notes the digest of each manifest in the request's context. */
  readonly noteDigests: ForwardStep;
  /** Where to see what is under way. */
  look(connections: Pick<Connections, 'underWay'>): void;
  /** A file was loaded again, or was not, because of this. */
  noteReload(part: Part, error?: unknown): void;
  /** Something ends soon, or has ended. */
  noteExpiry(kind: string, sentence: string, hasEnded: boolean): void;
  noteToken(token: { readonly id: string; readonly name: string }, what: 'made' | 'revoked'): void;
  /** SIGHUP. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export interface AuditOptions {
  readonly config: Pick<Config, 'audit'>;
  readonly bus: Bus;
  readonly logger: Logger;
}

/** Workers tell the primary what they have seen: each sees a part of an act. */
const FACTS = createTopic('audit', isFacts, isNothing);
const UNDER_WAY = createTopic('audit-under-way', isNothing, isKeys);
/** Two workers tell of what they see within so much time of each other; a busy machine takes its time. */
const HOLD_MS = 1000;
const OWN_HOLD_MS = 200;

/** Undefined where there is no audit log. Throws AppError FILE_UNWRITABLE. */
export async function openAudit({ config, bus, logger }: AuditOptions): Promise<Audit | undefined> {
  const { file: path, chain } = config.audit;
  if (path === undefined) return undefined;
  const now = createClocks();
  let connections: Pick<Connections, 'underWay'> | undefined;
  const ownKeys = (): string[] => (connections === undefined ? [] : keysOf(connections));
  const own =
    bus.size > 1
      ? undefined
      : await openTrail({
          path,
          chain,
          logger,
          holdMs: OWN_HOLD_MS,
          underWay: async () => new Set(ownKeys()),
          now,
        });
  const reporter = createReporter(
    own === undefined ? (facts) => bus.request(FACTS, facts) : (facts) => own.take(facts),
    (facts, error) => logger.error({ facts, error: String(error) }, 'lost for the audit log'),
    now,
  );
  if (own === undefined) {
    bus.handle(UNDER_WAY, async () => {
      // What has ended is told before what has not.
      await reporter.flush();
      return ownKeys();
    });
  }
  return {
    observe: reporter.observe,
    noteDigests,
    look: (sight) => (connections = sight),
    noteReload: (part, error) => {
      if (bus.slot !== 0) return;
      reporter.note({ kind: 'reload', action: part, isDone: error === undefined, reason: codeOf(error) });
    },
    noteExpiry: (kind, sentence, hasEnded) => {
      if (bus.slot !== 0) return;
      reporter.note({ kind: 'expiry', action: kind, reason: sentence, isDone: hasEnded });
    },
    noteToken: ({ id, name }, what) => {
      if (bus.slot === 0) reporter.note({ kind: 'token', token: id, user: name, reason: what, isDone: true });
    },
    reopen: async () => own?.reopen(),
    close: async () => {
      await reporter.flush();
      await own?.close();
    },
  };
}

/** The audit log of several workers, in their primary. */
export async function openSharedAudit(
  { audit: { file: path, chain } }: Pick<Config, 'audit'>,
  broker: Broker,
  logger: Logger,
): Promise<Trail | undefined> {
  if (path === undefined) return undefined;
  const underWay = async (): Promise<ReadonlySet<string>> =>
    new Set((await broker.collect(UNDER_WAY, undefined)).flat());
  const trail = await openTrail({ path, chain, logger, holdMs: HOLD_MS, underWay, now: createClocks() });
  broker.handle(FACTS, (facts) => trail.take(facts));
  return trail;
}

function keysOf(connections: Pick<Connections, 'underWay'>): string[] {
  return connections.underWay().flatMap(({ req }) => {
    const context = findContext(req);
    if (context?.request === undefined) return [];
    const { request, principal, address } = context;
    const kind = factKindOf(request, 200);
    const act = kind && ACT_OF[kind];
    if (act === undefined || !('repository' in request.route)) return [];
    const user = accountOf(principal) || undefined;
    return [keyOf(act, { user, address, repository: request.route.repository })];
  });
}

/** The manifest that a tag stands for is named in the head of the answer alone. */
const noteDigests: ForwardStep = (next) => (job) => {
  const { req, res, request } = job;
  const context = request.route.kind === 'manifest' ? findContext(req) : undefined;
  if (context !== undefined) hearHead(res, (fields) => (context.digest = digestIn(fields)));
  next(job);
};

type HeadWriter = (...head: unknown[]) => ServerResponse;

function hearHead(res: ServerResponse, hear: (fields: unknown) => void): void {
  const { writeHead }: { writeHead: unknown } = res;
  if (!isHeadWriter(writeHead)) return;
  res.writeHead = (...head: unknown[]) => {
    hear(head.at(-1));
    return writeHead.apply(res, head);
  };
}

/** Guard: it has several forms, and is called as it was. */
function isHeadWriter(value: unknown): value is HeadWriter {
  return typeof value === 'function';
}

function digestIn(fields: unknown): string | undefined {
  const found = Object.entries(Object(fields)).find(
    ([name]) => name.toLowerCase() === 'docker-content-digest',
  );
  const value = found?.[1];
  return typeof value === 'string' && isDigest(value) ? value : undefined;
}

function codeOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof AppError ? error.code : 'UNKNOWN';
}

/** Guard: from a worker, which runs the same program. */
function isFacts(value: unknown): value is readonly Fact[] {
  return Array.isArray(value);
}

function isKeys(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string');
}
