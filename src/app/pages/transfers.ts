import { accountOf } from '../../auth/principal.ts';
import { findContext, type RequestContext } from '../../http/context.ts';
import type { Connections } from '../../http/listener/connections.ts';
import { sentField } from '../../lib/node/sent-field.ts';
import type { Transfer } from '../../pages/owner/health/report.ts';

interface TransferViewOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The most transfers that are told of. */
  readonly most: number;
}

/** Sees the layers that this process carries. */
interface TransferView {
  /** Returns the largest transfers among these requests, and how many there are beside them. */
  look(requests: ReturnType<Connections['underWay']>): {
    readonly transfers: readonly Transfer[];
    readonly others: number;
  };
}

interface Look {
  readonly bytes: number;
  readonly at: number;
}

/** The looks at one request: the one that its rate is measured from, and the last one. */
interface Looks {
  readonly base: Look;
  readonly last: Look;
}

/** After this time the rate is told since the transfer began: nobody has looked meanwhile. */
const STALE_MS = 15_000;
/** Two who look within this time measure from the same look: a rate over a few milliseconds would say nothing. */
const SAME_LOOK_MS = 1000;

/** Looks cost nothing between two of them: the rate is what has passed since an earlier look at the same request. */
export function createTransferView({ now, most }: TransferViewOptions): TransferView {
  let looked = new WeakMap<RequestContext, Looks>();
  return {
    look: (requests) => {
      const at = now();
      const next = new WeakMap<RequestContext, Looks>();
      const found = requests
        .flatMap(({ req }) => findContext(req) ?? [])
        .flatMap((context) => {
          const carried = carriedBy(context);
          if (carried === undefined) return [];
          const look = { bytes: carried.bytes, at };
          const looks = looksAt(context, look, looked.get(context));
          next.set(context, looks);
          return [{ ...carried, rate: rateBetween(looks.base, look) }];
        })
        .toSorted((one, other) => other.bytes - one.bytes);
      looked = next;
      return { transfers: found.slice(0, most), others: Math.max(0, found.length - most) };
    },
  };
}

function looksAt({ startedAt }: RequestContext, look: Look, before: Looks | undefined): Looks {
  const start = { bytes: 0, at: startedAt };
  if (before === undefined || look.at - before.last.at >= STALE_MS) return { base: start, last: look };
  return look.at - before.last.at < SAME_LOOK_MS ? before : { base: before.last, last: look };
}

function rateBetween(one: Look, other: Look): number {
  return other.at <= one.at ? 0 : Math.max(0, ((other.bytes - one.bytes) * 1000) / (other.at - one.at));
}

/** Returns what a request carries, if it carries a layer. */
function carriedBy(context: RequestContext): Omit<Transfer, 'rate'> | undefined {
  const { id, request, principal, address, req, res, received, sent } = context;
  if (request === undefined || !('repository' in request.route)) return undefined;
  const { route, method } = request;
  const user = accountOf(principal);
  const who = { id, user, address, repository: route.repository };
  if (route.kind === 'blob' && method === 'GET')
    return { ...who, direction: 'pull', bytes: sent, total: sizeOf(sentField(res, 'content-length')) };
  const isBody = (route.kind === 'upload' || route.kind === 'uploads') && received > 0;
  if (!isBody) return undefined;
  return { ...who, direction: 'push', bytes: received, total: sizeOf(req.headers['content-length']) };
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
