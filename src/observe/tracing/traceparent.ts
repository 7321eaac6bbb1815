/** The place of a request in a trace, as one program tells it to the next. */
export interface TraceParent {
  /** 32 hexadecimal digits in lower case, not all zero. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** Whether the sender records the trace. */
  readonly isSampled: boolean;
}

/** Ids of zeros are none, and neither is version ff. Version 00 ends with its flags; what a later one adds is passed over. */
const FORM = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
const LONGEST = 256;

/** Reads a `traceparent` header (W3C Trace Context section 3.2); undefined for what is none. */
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
