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

/** Runs a request through the stages in order, synchronously until a stage has to wait. `onFailure` is called with what a stage throws. */
export function runStages(
  stages: readonly Stage[],
  onFailure: (error: unknown, context: RequestContext) => void,
): (context: RequestContext) => void {
  const runFrom = (first: number, context: RequestContext): void => {
    try {
      for (let at = first; at < stages.length; at += 1) {
        const goesOn = stages[at]?.(context);
        if (goesOn === true) continue;
        if (goesOn instanceof Promise) resume(goesOn, at + 1, context);
        return;
      }
    } catch (error) {
      onFailure(error, context);
    }
  };
  const resume = (waiting: Promise<boolean>, next: number, context: RequestContext): void => {
    waiting.then(
      (goesOn) => goesOn && runFrom(next, context),
      (error: unknown) => onFailure(error, context),
    );
  };
  return (context) => runFrom(0, context);
}

/** Joins steps, the first one first. A step that is undefined is left out, and costs nothing. */
export function joinSteps(steps: readonly (ForwardStep | undefined)[], last: Forward): Forward {
  return steps.reduceRight((next, step) => step?.(next) ?? next, last);
}
