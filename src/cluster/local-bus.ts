import { PRIMARY } from './bus.ts';
import type { Bus, Hub } from './bus.ts';
import { createDesk, gatherFrom, respondIn } from './topic-handlers.ts';

/** Both ends for a gate of one process: the same calls, without another process. */
export function createLocalBus(): { readonly bus: Bus; readonly hub: Hub } {
  const worker = createDesk();
  const primary = createDesk();
  const gather =
    (from: number): Bus['gather'] =>
    (topic, question, patienceMs) =>
      gatherFrom(topic.isAnswer, [respondIn(worker, topic, { question, from, patienceMs })]);
  return {
    bus: {
      slot: 0,
      size: 1,
      answer: worker.answer,
      tell: () => undefined,
      gather: gather(0),
      ask: (topic, question, patienceMs) => respondIn(primary, topic, { question, from: 0, patienceMs }),
    },
    hub: {
      answer: primary.answer,
      tell: ({ name }, value) => worker.hear(name, value, PRIMARY),
      gather: gather(PRIMARY),
    },
  };
}
