import type { Answerer, Topic } from './bus.ts';
import { withPatience } from './messages.ts';

/** Where the answerers of one process sit. */
export interface TopicHandlers {
  handle<Q, A>(topic: Topic<Q, A>, answerer: Answerer<Q, A>): void;
  /** What the answerer of this topic says. Rejects where there is none, or the question is none of its. */
  respond(name: string, question: unknown, from: number): Promise<unknown>;
  /** Hands on what was told; nobody waits for what becomes of it. */
  hear(name: string, value: unknown, from: number): void;
}

export function createTopicHandlers(): TopicHandlers {
  const answerers = new Map<string, (question: unknown, from: number) => unknown>();
  const respond: TopicHandlers['respond'] = async (name, question, from) => {
    const answerer = answerers.get(name);
    if (answerer === undefined) throw new Error(`nobody answers ${name}`);
    return answerer(question, from);
  };
  return {
    handle: ({ name, isQuestion }, answerer) => {
      if (answerers.has(name)) throw new Error(`${name} is answered already`);
      answerers.set(name, (question, from) => {
        if (!isQuestion(question)) throw new Error(`no question of ${name}`);
        return answerer(question, from);
      });
    },
    respond,
    // A worker that is about to stop, or not yet ready, has nobody for this.
    hear: (name, value, from) => void respond(name, value, from).catch(() => undefined),
  };
}

/** A question within one process. */
export function respondIn<Q, A>(
  topicHandlers: TopicHandlers,
  topic: Topic<Q, A>,
  { question, from, patienceMs }: { question: Q; from: number; patienceMs: number | undefined },
): Promise<A> {
  return answerOf(topic, withPatience(topicHandlers.respond(topic.name, question, from), patienceMs));
}

/** An answer from wherever it came, held to its type. */
export async function answerOf<Q, A>(
  { name, isAnswer }: Pick<Topic<Q, A>, 'name' | 'isAnswer'>,
  answer: Promise<unknown>,
): Promise<A> {
  const value = await answer;
  if (!isAnswer(value)) throw new Error(`no answer of ${name}`);
  return value;
}

/** The answers that came, without those that did not. */
export async function collectFrom<A>(
  isAnswer: (value: unknown) => value is A,
  answers: readonly Promise<unknown>[],
): Promise<A[]> {
  const settled = await Promise.allSettled(answers);
  return settled.flatMap((one) => (one.status === 'fulfilled' && isAnswer(one.value) ? [one.value] : []));
}
