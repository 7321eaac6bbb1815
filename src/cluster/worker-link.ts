import { PRIMARY, type Bus } from './bus.ts';
import { replyFrom, createTopicHandlers, collectFrom, respondIn } from './topic-handlers.ts';
import { createPendingRequests, replyOf, TIMEOUT_MS, type Message } from './messages.ts';

interface WorkerLinkOptions {
  readonly slot: number;
  readonly size: number;
  /** Sends to the primary. */
  readonly send: (message: Message) => void;
}

/** A worker's end of the bus. */
interface WorkerLink {
  readonly bus: Bus;
  receive(message: Message): void;
}

/** How much longer the list of the others' replies may take than each of them, in milliseconds. */
const TRANSIT_MS = 1000;

export function createWorkerLink({ slot, size, send }: WorkerLinkOptions): WorkerLink {
  const handlers = createTopicHandlers();
  const pending = createPendingRequests();

  const collect: Bus['collect'] = async (topic, value, timeoutMs = TIMEOUT_MS) => {
    const own = respondIn(handlers, topic, { request: value, from: slot, timeoutMs });
    const others = pending.send(
      (id) => send({ kind: 'request', id, topic: topic.name, value, to: 'others', timeoutMs }),
      timeoutMs + TRANSIT_MS,
    );
    const [owns, lists] = await Promise.all([
      collectFrom(topic.isReply, [own]),
      collectFrom(Array.isArray, [others]),
    ]);
    return [...owns, ...lists.flat().filter(topic.isReply)];
  };

  return {
    bus: {
      slot,
      size,
      handle: handlers.handle,
      publish: ({ name }, value) => send({ kind: 'publish', topic: name, value }),
      collect,
      request: (topic, value, timeoutMs) =>
        replyFrom(
          topic,
          pending.send(
            (id) => send({ kind: 'request', id, topic: topic.name, value, to: 'receiver', timeoutMs }),
            timeoutMs,
          ),
        ),
    },
    receive: (message) => {
      if (message.kind === 'publish') handlers.deliver(message.topic, message.value, PRIMARY);
      else if (message.kind === 'reply') pending.settle(message.id, message.reply);
      else {
        const { id, topic, value } = message;
        void replyOf(handlers.respond(topic, value, PRIMARY)).then((reply) =>
          send({ kind: 'reply', id, reply }),
        );
      }
    },
  };
}
