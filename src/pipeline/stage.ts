import type { RequestContext } from '../http/context.ts';

/**
 * One step of a request on its way to the registry. True: on to the next one. False: it is answered, or will be, or
 * there is nobody left to answer.
 */
export type Stage = (context: RequestContext) => boolean | Promise<boolean>;

/** Leads a request through the stages in their order; one that has to wait for nothing is through in one go. `onFailure` is told of what a stage throws. */
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
