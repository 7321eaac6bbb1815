import type { Broker } from './bus.ts';
import { createTopicHandlers, collectFrom } from './topic-handlers.ts';
import { replyOf } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { createQuestions } from './messages.ts';
import type { Questions } from './messages.ts';

/** One worker's line. */
export interface Line {
  readonly slot: number;
  send(envelope: Envelope): void;
}

/** A worker that is connected. */
export interface Guest {
  receive(envelope: Envelope): void;
  /** The worker is gone: nothing more is sent to it, and nobody waits for it. */
  leave(): void;
}

/** The middle of the bus, in the primary: all that workers tell each other goes through here. */
export interface Middle extends Broker {
  join(line: Line): Guest;
}

interface WorkerLink {
  readonly line: Line;
  readonly questions: Questions;
}

export function createMiddle(): Middle {
  const topicHandlers = createTopicHandlers();
  const members = new Set<WorkerLink>();

  const askAll = (
    { topic, value, patienceMs }: Pick<Envelope & { kind: 'ask' }, 'topic' | 'value' | 'patienceMs'>,
    except?: WorkerLink,
  ): Promise<unknown>[] =>
    [...members]
      .filter((member) => member !== except)
      .map(({ line, questions }) =>
        questions.ask(
          (id) => line.send({ kind: 'ask', id, topic, value, to: 'you', patienceMs }),
          patienceMs,
        ),
      );
  const tellAll = (topic: string, value: unknown, except?: WorkerLink): void => {
    for (const member of members) if (member !== except) member.line.send({ kind: 'tell', topic, value });
  };
  const respond = async (member: WorkerLink, asked: Envelope & { kind: 'ask' }): Promise<void> => {
    const { id, topic, value, to } = asked;
    const answer =
      to === 'you'
        ? topicHandlers.respond(topic, value, member.line.slot)
        : collectFrom(isAnything, askAll(asked, member));
    const reply = await replyOf(answer);
    if (members.has(member)) member.line.send({ kind: 'answer', id, reply });
  };

  return {
    handle: topicHandlers.handle,
    publish: ({ name }, value) => tellAll(name, value),
    collect: (topic, value, patienceMs) =>
      collectFrom(topic.isAnswer, askAll({ topic: topic.name, value, patienceMs })),
    join: (line) => {
      const member: WorkerLink = { line, questions: createQuestions() };
      members.add(member);
      return {
        receive: (envelope) => {
          if (envelope.kind === 'tell') tellAll(envelope.topic, envelope.value, member);
          else if (envelope.kind === 'ask') void respond(member, envelope);
          else member.questions.settle(envelope.id, envelope.reply);
        },
        leave: () => {
          members.delete(member);
          member.questions.abandon();
        },
      };
    },
  };
}

/** Guard: what is only passed on is judged where it arrives. */
function isAnything(_value: unknown): _value is unknown {
  return true;
}
