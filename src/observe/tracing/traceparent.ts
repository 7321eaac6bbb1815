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
