import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import { packageVersion } from '../../lib/package-version.ts';
import type { TraceExport } from '../../observe/tracing/trace-export.ts';
import type { Tracing } from '../../observe/tracing/tracing.ts';
import type { Job } from '../../backend/reply/job.ts';
import { contextOf } from '../../http/context.ts';

/** Undefined where traces are off: then OpenTelemetry is not even loaded. */
export async function openTraces(
  { trace: { endpoint, percent }, backend }: Pick<Config, 'trace' | 'backend'>,
  logger: Logger,
): Promise<TraceExport | undefined> {
  if (endpoint === undefined) return undefined;
  const { openTraceExport } = await import('../../observe/tracing/trace-export.ts');
  return openTraceExport({ endpoint, percent, logger, version: packageVersion(), place: placeOf(backend) });
}

function placeOf(backend: Config['backend']): Readonly<Record<string, string | number>> {
  if (backend.kind === 'embedded') return { 'server.address': 'embedded' };
  if (backend.kind === 'unix') return { 'server.address': backend.path, 'network.transport': 'unix' };
  return { 'server.address': backend.host, 'server.port': backend.port };
}

/** The same way to the registry, with the place in a trace told to it. */
export function traceJobs(tracing: Tracing | undefined, forward: (job: Job) => void): (job: Job) => void {
  if (tracing === undefined) return forward;
  return (job) => {
    const { req, request, origin } = job;
    const { id, startedAt, traceparent } = contextOf(req);
    const { tracestate } = req.headers;
    const trace = tracing.begin({
      id,
      startedAt,
      request,
      host: origin.host,
      isKnown: origin.asker !== undefined && origin.asker !== '',
      traceparent,
      tracestate: typeof tracestate === 'string' ? tracestate : undefined,
    });
    forward({ ...job, origin: { ...origin, trace } });
  };
}
