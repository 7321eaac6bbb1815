import { PRIMARY, type Bus, type Broker } from './bus.ts';
import { createTopicHandlers, collectFrom, respondIn } from './topic-handlers.ts';

/** Both ends of the bus of a gate of one process, which is its own primary. */
export function createLocalBus(): { readonly bus: Bus; readonly broker: Broker } {
  const worker = createTopicHandlers();
  const primary = createTopicHandlers();
  const collectAs =
    (from: number): Bus['collect'] =>
    (topic, request, timeoutMs) =>
      collectFrom(topic.isReply, [respondIn(worker, topic, { request, from, timeoutMs })]);
  return {
    bus: {
      slot: 0,
      size: 1,
      handle: worker.handle,
      publish: () => undefined,
      collect: collectAs(0),
      request: (topic, request, timeoutMs) => respondIn(primary, topic, { request, from: 0, timeoutMs }),
    },
    broker: {
      handle: primary.handle,
      publish: ({ name }, value) => worker.deliver(name, value, PRIMARY),
      collect: collectAs(PRIMARY),
    },
  };
}
