import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  createTraceState,
  trace,
} from '@opentelemetry/api';
import type { Attributes, Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { Exchange } from '../exchange.ts';
import { backendAttributes, endAttributes, nameOf, startAttributes } from './trace-attributes.ts';
import type { RegistryRequest } from '../../oci/request/parse.ts';

/** A request that is forwarded to the registry. */
interface TracedRequest {
  readonly id: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly request: RegistryRequest;
  /** The Host of the client. */
  readonly host: string;
  /** Whether the client is signed in. The trace context of anonymous clients is ignored. */
  readonly isKnown: boolean;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/** The trace headers for the registry. */
interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Traces requests. */
export interface Tracing {
  /** Begins the spans of a request that is forwarded to the registry. */
  begin(request: TracedRequest): TraceHeaders;
  /** Ends the spans of a request. One that the gate answered itself gets its whole span now. */
  observe(exchange: Exchange): void;
}

interface Open {
  readonly server: Span;
  readonly client: Span;
}

const LONGEST_STATE = 512;

/** `place` is the address of the registry. Times are taken from `performance`, whose origin is known. */
export function createTracing(tracer: Tracer, backend: Attributes): Tracing {
  const open = new Map<string, Open>();

  return {
    begin: (traced) => {
      const { id, request, startedAt, host } = traced;
      const name = nameOf(request.method, request);
      const server = tracer.startSpan(
        name,
        {
          kind: SpanKind.SERVER,
          startTime: dateOf(startedAt),
          attributes: startAttributes(id, request, host),
        },
        contextOf(traced),
      );
      const client = tracer.startSpan(
        name,
        { kind: SpanKind.CLIENT, startTime: dateOf(performance.now()), attributes: { ...backend } },
        trace.setSpan(ROOT_CONTEXT, server),
      );
      open.set(id, { server, client });
      return headersOf(client.spanContext());
    },
    observe: (exchange) => {
      const begun = open.get(exchange.id);
      const end = dateOf(performance.now());
      if (begun !== undefined) {
        open.delete(exchange.id);
        finish(begun.client, backendAttributes(exchange), isFailure(exchange, 400), end);
      }
      const server = begun?.server ?? beginLate(tracer, exchange, end);
      finish(server, endAttributes(exchange), isFailure(exchange, 500), end);
    },
  };
}

/** Begins the span of a request that the gate answered itself: it is known only now. */
function beginLate(tracer: Tracer, exchange: Exchange, end: number): Span {
  const { id, method, request, traceparent, user, milliseconds } = exchange;
  return tracer.startSpan(
    nameOf(method, request),
    {
      kind: SpanKind.SERVER,
      startTime: end - milliseconds,
      attributes: startAttributes(id, request ?? { method }, undefined),
    },
    contextOf({ isKnown: user !== undefined, traceparent, tracestate: undefined }),
  );
}

function finish(span: Span, attributes: Attributes, isError: boolean, end: number): void {
  if (span.isRecording()) {
    span.setAttributes(attributes);
    if (isError) span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(end);
}

/** Reports whether the answer counts as a failure from this status on, or was cut. */
function isFailure({ status, outcome }: Exchange, from: number): boolean {
  return status >= from || outcome === 'cut';
}

/**
 * Anonymous clients could write into other traces and have all of theirs recorded, so only signed-in clients are
 * trusted.
 */
function contextOf({
  isKnown,
  traceparent,
  tracestate,
}: Pick<TracedRequest, 'isKnown' | 'traceparent' | 'tracestate'>): Context {
  const parent = isKnown ? parseTraceparent(traceparent) : undefined;
  if (parent === undefined) return ROOT_CONTEXT;
  const state = tracestate !== undefined && tracestate.length <= LONGEST_STATE ? tracestate : undefined;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}

function headersOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceHeaders {
  const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  const traceparent = renderTraceparent({ traceId, spanId, isSampled });
  const tracestate = traceState?.serialize() ?? '';
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
}

/** Converts monotonic milliseconds to milliseconds since 1970. */
function dateOf(monotonic: number): number {
  return performance.timeOrigin + monotonic;
}

/** The position of a request in a trace, as one program passes it to the next. */
interface TraceParent {
  /** 32 hexadecimal digits in lower case, not all zero. */
  readonly traceId: string;
  /** 16 hexadecimal digits in lower case, not all zero. */
  readonly spanId: string;
  /** Whether the sender records the trace. */
  readonly isSampled: boolean;
}

/**
 * Ids of zeros and version ff are invalid. Version 00 ends with its flags; the additions of later versions are ignored.
 */
const FORM = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
const LONGEST = 256;

/** Parses a `traceparent` header (W3C Trace Context section 3.2). Returns undefined if it is malformed. */
export function parseTraceparent(text: string | undefined): TraceParent | undefined {
  const match = text === undefined || text.length > LONGEST ? null : FORM.exec(text);
  if (match === null) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = match;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The inverse of `parseTraceparent`. */
export function renderTraceparent({ traceId, spanId, isSampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}
