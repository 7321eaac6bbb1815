import type { Bus } from './bus.ts';
import { PRIMARY } from './bus.ts';
import { answerOf, createTopicHandlers, collectFrom, respondIn } from './topic-handlers.ts';
import { replyOf } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { PATIENCE_MS, createQuestions } from './messages.ts';

export interface WorkerLinkOptions {
  readonly slot: number;
  readonly size: number;
  /** Sends to the primary. */
  readonly send: (envelope: Envelope) => void;
}

/** The worker's end of the bus. */
export interface WorkerLink {
  readonly bus: Bus;
  receive(envelope: Envelope): void;
}

/** How much longer the answers of others may be on their way than each of them takes, in milliseconds. */
const ON_THE_WAY_MS = 1000;

export function createWorkerLink({ slot, size, send }: WorkerLinkOptions): WorkerLink {
  const topicHandlers = createTopicHandlers();
  const questions = createQuestions();

  const gather: Bus['collect'] = async (topic, value, patienceMs = PATIENCE_MS) => {
    const own = respondIn(topicHandlers, topic, { question: value, from: slot, patienceMs });
    const others = questions.ask(
      (id) => send({ kind: 'ask', id, topic: topic.name, value, to: 'others', patienceMs }),
      patienceMs + ON_THE_WAY_MS,
    );
    const [owns, lists] = await Promise.all([
      collectFrom(topic.isAnswer, [own]),
      collectFrom(Array.isArray, [others]),
    ]);
    return [...owns, ...lists.flat().filter(topic.isAnswer)];
  };

  return {
    bus: {
      slot,
      size,
      handle: topicHandlers.handle,
      publish: ({ name }, value) => send({ kind: 'tell', topic: name, value }),
      collect: gather,
      request: (topic, value, patienceMs) =>
        answerOf(
          topic,
          questions.ask(
            (id) => send({ kind: 'ask', id, topic: topic.name, value, to: 'you', patienceMs }),
            patienceMs,
          ),
        ),
    },
    receive: (envelope) => {
      if (envelope.kind === 'tell') topicHandlers.hear(envelope.topic, envelope.value, PRIMARY);
      else if (envelope.kind === 'answer') questions.settle(envelope.id, envelope.reply);
      else {
        const { id, topic, value } = envelope;
        void replyOf(topicHandlers.respond(topic, value, PRIMARY)).then((reply) =>
          send({ kind: 'answer', id, reply }),
        );
      }
    },
  };
}
