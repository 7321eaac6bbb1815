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

/** After this time the rate is told since the transfer began: nobody has looked meanwhile. */
const STALE_MS = 15_000;

/** Looks cost nothing between two of them: the rate is what has passed since the last look at the same request. */
export function createTransferView({ now, most }: TransferViewOptions): TransferView {
  let looked = new WeakMap<RequestContext, Look>();
  return {
    look: (requests) => {
      const at = now();
      const next = new WeakMap<RequestContext, Look>();
      const found = requests
        .flatMap(({ req }) => findContext(req) ?? [])
        .flatMap((context) => {
          const carried = carriedBy(context);
          if (carried === undefined) return [];
          next.set(context, { bytes: carried.bytes, at });
          return [{ ...carried, rate: rateOf(context, carried.bytes, { at, before: looked.get(context) }) }];
        })
        .toSorted((one, other) => other.bytes - one.bytes);
      looked = next;
      return { transfers: found.slice(0, most), others: Math.max(0, found.length - most) };
    },
  };
}

function rateOf(
  { startedAt }: RequestContext,
  bytes: number,
  { at, before }: { readonly at: number; readonly before: Look | undefined },
): number {
  const isFresh = before !== undefined && at > before.at && at - before.at < STALE_MS;
  const since = isFresh ? before : { bytes: 0, at: startedAt };
  return at <= since.at ? 0 : Math.max(0, ((bytes - since.bytes) * 1000) / (at - since.at));
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
