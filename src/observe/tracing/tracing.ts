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
import { parseTraceparent, renderTraceparent } from './traceparent.ts';
import type { RegistryRequest } from '../../oci/request/request.ts';

/** A request that goes on to the registry. */
export interface TracedRequest {
  readonly id: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly request: RegistryRequest;
  /** The Host of the client. */
  readonly host: string;
  /** Whether somebody asks who is known: the claims of strangers are not believed. */
  readonly isKnown: boolean;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/** What the registry is told of the trace. */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** A trace for each request. */
export interface Tracing {
  /** Begins the spans of a request that goes to the registry. */
  begin(request: TracedRequest): TraceHeaders;
  /** Ends what was begun; one that was answered here has its whole span now. */
  observe(exchange: Exchange): void;
}

interface Open {
  readonly server: Span;
  readonly client: Span;
}

const LONGEST_STATE = 512;

/** `place` is where the registry stands. Times are taken from `performance`, whose origin is known. */
export function createTracing(tracer: Tracer, place: Attributes): Tracing {
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
        { kind: SpanKind.CLIENT, startTime: dateOf(performance.now()), attributes: { ...place } },
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

/** The span of a request that was answered here: it is known only now that there was one. */
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

/** Whether the answer was one that this end takes for a failure, or none. */
function isFailure({ status, outcome }: Exchange, from: number): boolean {
  return status >= from || outcome === 'cut';
}

/** Anybody could write into the traces of others, and have all recorded: only those who are known are believed. */
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

/** Monotonic milliseconds as milliseconds since 1970. */
function dateOf(monotonic: number): number {
  return performance.timeOrigin + monotonic;
}
