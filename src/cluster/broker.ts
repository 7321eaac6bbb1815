import type { Broker } from './bus.ts';
import { createTopicHandlers, collectFrom } from './topic-handlers.ts';
import { createPendingRequests, replyOf, type Message, type PendingRequests } from './messages.ts';

/** The primary's line to one worker. */
interface WorkerLine {
  readonly slot: number;
  send(message: Message): void;
}

/** A worker that has joined. */
export interface JoinedWorker {
  receive(message: Message): void;
  /** The worker has gone: nothing more is sent to it, and its pending replies are given up. */
  leave(): void;
}

/** The primary's end of the bus. All that workers send each other passes through it. */
export interface WorkerBroker extends Broker {
  join(line: WorkerLine): JoinedWorker;
}

interface Member {
  readonly line: WorkerLine;
  readonly pending: PendingRequests;
}

type Request = Message & { readonly kind: 'request' };

export function createBroker(): WorkerBroker {
  const handlers = createTopicHandlers();
  const members = new Set<Member>();

  const requestAll = (
    { topic, value, timeoutMs }: Pick<Request, 'topic' | 'value' | 'timeoutMs'>,
    except?: Member,
  ): Promise<unknown>[] =>
    [...members]
      .filter((member) => member !== except)
      .map(({ line, pending }) =>
        pending.send(
          (id) => line.send({ kind: 'request', id, topic, value, to: 'receiver', timeoutMs }),
          timeoutMs,
        ),
      );
  const publishAll = (topic: string, value: unknown, except?: Member): void => {
    for (const member of members) if (member !== except) member.line.send({ kind: 'publish', topic, value });
  };
  const respond = async (member: Member, request: Request): Promise<void> => {
    const { id, topic, value, to } = request;
    const result =
      to === 'receiver'
        ? handlers.respond(topic, value, member.line.slot)
        : collectFrom(isAnything, requestAll(request, member));
    const reply = await replyOf(result);
    if (members.has(member)) member.line.send({ kind: 'reply', id, reply });
  };

  return {
    handle: handlers.handle,
    publish: ({ name }, value) => publishAll(name, value),
    collect: (topic, value, timeoutMs) =>
      collectFrom(topic.isReply, requestAll({ topic: topic.name, value, timeoutMs })),
    join: (line) => {
      const member: Member = { line, pending: createPendingRequests() };
      members.add(member);
      return {
        receive: (message) => {
          if (message.kind === 'publish') publishAll(message.topic, message.value, member);
          else if (message.kind === 'request') void respond(member, message);
          else member.pending.settle(message.id, message.reply);
        },
        leave: () => {
          members.delete(member);
          member.pending.abandon();
        },
      };
    },
  };
}

/** Guard: the worker that receives a forwarded value checks it. */
function isAnything(_value: unknown): _value is unknown {
  return true;
}
