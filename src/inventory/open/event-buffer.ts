import type { RegistryEvent } from '../inventory.ts';

interface EventBuffer {
  add(event: RegistryEvent): void;
  /** Passes on what waits. */
  flush(): void;
  close(): void;
}

/** The most events that wait. */
const MOST_EVENTS = 1000;
/** How long a pull may wait, in milliseconds: a tag that is pulled a thousand times in between is one event. */
const PULL_MS = 1000;

/** Collects events, so that a flood of pulls is few messages. Pushes and deletions are passed on at once, in order. */
export function createEventBuffer(pass: (events: readonly RegistryEvent[]) => void): EventBuffer {
  const pulls = new Map<string, RegistryEvent>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pulls.size === 0) return;
    const events = [...pulls.values()];
    pulls.clear();
    pass(events);
  };
  return {
    add: (event) => {
      if (event.kind !== 'pulled') {
        flush();
        pass([event]);
        return;
      }
      pulls.set(`${event.repository} ${event.reference}`, event);
      if (pulls.size >= MOST_EVENTS) flush();
      else timer ??= setTimeout(flush, PULL_MS).unref();
    },
    flush,
    close: flush,
  };
}
