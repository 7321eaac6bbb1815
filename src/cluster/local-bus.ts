import { PRIMARY } from './bus.ts';
import type { Bus, Broker } from './bus.ts';
import { createTopicHandlers, collectFrom, respondIn } from './topic-handlers.ts';

/** Both ends for a gate of one process: the same calls, without another process. */
export function createLocalBus(): { readonly bus: Bus; readonly broker: Broker } {
  const worker = createTopicHandlers();
  const primary = createTopicHandlers();
  const gather =
    (from: number): Bus['collect'] =>
    (topic, question, patienceMs) =>
      collectFrom(topic.isAnswer, [respondIn(worker, topic, { question, from, patienceMs })]);
  return {
    bus: {
      slot: 0,
      size: 1,
      handle: worker.handle,
      publish: () => undefined,
      collect: gather(0),
      request: (topic, question, patienceMs) => respondIn(primary, topic, { question, from: 0, patienceMs }),
    },
    broker: {
      handle: primary.handle,
      publish: ({ name }, value) => worker.hear(name, value, PRIMARY),
      collect: gather(PRIMARY),
    },
  };
}
