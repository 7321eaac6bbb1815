import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Attributes } from '@opentelemetry/api';
import type { Logger } from '../../lib/logger.ts';
import { createTracing, type Tracing } from './tracing.ts';

interface TraceExportOptions {
  /** The URL that spans are posted to. */
  readonly endpoint: string;
  /** How many of a hundred traces that begin here are recorded. */
  readonly percent: number;
  readonly version: string;
  /** The address of the registry: `server.address`, `server.port`. */
  readonly backend: Attributes;
  readonly logger: Logger;
}

export interface TraceExport extends Tracing {
  /** Sends waiting spans, for a short while. */
  close(): Promise<void>;
}

/** How long an unresponsive collector may delay the end of the gate, in milliseconds. */
const CLOSE_TIMEOUT_MS = 3000;

/**
 * Sends traces to a collector by OTLP over HTTP. Only this file loads OpenTelemetry's SDK: import it only if traces are
 * enabled. Errors of the collector do not affect requests.
 */
export function openTraceExport({
  endpoint,
  percent,
  version,
  backend,
  logger,
}: TraceExportOptions): TraceExport {
  const resource = resourceFromAttributes({
    'service.name': 'registry-gate',
    'service.version': version,
  }).merge(detectResources({ detectors: [envDetector] }));
  const exporter = loggingExporter(new OTLPTraceExporter({ url: endpoint }), logger);
  const provider = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(percent / 100) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  return {
    ...createTracing(provider.getTracer('registry-gate', version), backend),
    close: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      });
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

/** Logs when the collector becomes unreachable and when it is back, not for each batch. */
function loggingExporter(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isLost = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error !== undefined && !isLost)
          logger.warn({ error: error.name, reason: error.message }, 'traces cannot be sent, and are dropped');
        else if (error === undefined && isLost) logger.info({}, 'traces are sent again');
        isLost = error !== undefined;
        done(result);
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
