import type { Bus } from './bus.ts';
import { PRIMARY } from './bus.ts';
import { answerOf, createDesk, gatherFrom, respondIn } from './topic-handlers.ts';
import { replyOf } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { PATIENCE_MS, createQuestions } from './questions.ts';

export interface MemberOptions {
  readonly slot: number;
  readonly size: number;
  /** Sends to the primary. */
  readonly send: (envelope: Envelope) => void;
}

/** The worker's end of the bus. */
export interface Member {
  readonly bus: Bus;
  receive(envelope: Envelope): void;
}

/** How much longer the answers of others may be on their way than each of them takes, in milliseconds. */
const ON_THE_WAY_MS = 1000;

export function createMember({ slot, size, send }: MemberOptions): Member {
  const desk = createDesk();
  const questions = createQuestions();

  const gather: Bus['gather'] = async (topic, value, patienceMs = PATIENCE_MS) => {
    const own = respondIn(desk, topic, { question: value, from: slot, patienceMs });
    const others = questions.ask(
      (id) => send({ kind: 'ask', id, topic: topic.name, value, to: 'others', patienceMs }),
      patienceMs + ON_THE_WAY_MS,
    );
    const [owns, lists] = await Promise.all([
      gatherFrom(topic.isAnswer, [own]),
      gatherFrom(Array.isArray, [others]),
    ]);
    return [...owns, ...lists.flat().filter(topic.isAnswer)];
  };

  return {
    bus: {
      slot,
      size,
      answer: desk.answer,
      tell: ({ name }, value) => send({ kind: 'tell', topic: name, value }),
      gather,
      ask: (topic, value, patienceMs) =>
        answerOf(
          topic,
          questions.ask(
            (id) => send({ kind: 'ask', id, topic: topic.name, value, to: 'you', patienceMs }),
            patienceMs,
          ),
        ),
    },
    receive: (envelope) => {
      if (envelope.kind === 'tell') desk.hear(envelope.topic, envelope.value, PRIMARY);
      else if (envelope.kind === 'answer') questions.settle(envelope.id, envelope.reply);
      else {
        const { id, topic, value } = envelope;
        void replyOf(desk.respond(topic, value, PRIMARY)).then((reply) =>
          send({ kind: 'answer', id, reply }),
        );
      }
    },
  };
}
