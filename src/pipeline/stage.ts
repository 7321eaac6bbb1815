import type { Job } from '../backend/reply/job.ts';
import type { RequestContext } from '../http/context.ts';

/**
 * One stage of the pipeline. True lets the request go on to the next stage. False ends its way: it is answered, will be
 * answered, or its client has gone.
 */
export type Stage = (context: RequestContext) => boolean | Promise<boolean>;

/** Takes over a job, and answers it or cuts its connection, now or later. */
export type Forward = (job: Job) => void;

/** One step between the pipeline and the registry: wraps the `Forward` that comes after it. */
export type ForwardStep = (next: Forward) => Forward;
