import { Session, type Profiler } from 'node:inspector';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// Loaded with `--import` before the program: counts the calls of its functions by file. The process on the other end
// of the channel sends `reset`, and `report`, which is answered with the counts since then.

const SRC = `${pathToFileURL(resolve(import.meta.dirname, '../../src')).href}/`;

/** A file below src, and how often the function of it that was called the most was called. */
export type Calls = readonly (readonly [path: string, most: number])[];

const session = new Session();
session.connect();
session.post('Profiler.enable');
// Without `detailed` the unit is the function.
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** What was called since the last time, module bodies left out. */
export function takeCalls(): Calls {
  let calls: Calls = [];
  session.post('Profiler.takePreciseCoverage', (error, taken) => {
    if (error !== null) throw error;
    calls = taken.result
      .filter(({ url }) => url.startsWith(SRC))
      .map(({ url, functions }): readonly [string, number] => [
        url.slice(SRC.length),
        Math.max(0, ...functions.filter(isNoModule).map(({ ranges: [range] }) => range?.count ?? 0)),
      ])
      .filter(([, most]) => most > 0);
  });
  return calls;
}

function isNoModule({ functionName, ranges: [range] }: Profiler.FunctionCoverage): boolean {
  return functionName !== '' || range?.startOffset !== 0;
}

// A timer that repeats is on the way of no request, and on a slow machine it would run as often as those.
let isCounting = false;
const { setInterval } = globalThis;
const restingInterval = (callback: () => void, milliseconds?: number): NodeJS.Timeout =>
  setInterval(() => void (isCounting || callback()), milliseconds);
Object.assign(globalThis, { setInterval: restingInterval });

process.on('message', (message) => {
  isCounting = message === 'reset';
  const calls = takeCalls();
  process.send?.(isCounting ? 'done' : calls);
});
process.channel?.unref();
