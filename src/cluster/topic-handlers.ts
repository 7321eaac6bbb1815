import type { Topic, TopicHandler } from './bus.ts';
import { withTimeout } from './messages.ts';

/** The topic handlers of one process. */
interface TopicHandlers {
  handle<Q, R>(topic: Topic<Q, R>, handler: TopicHandler<Q, R>): void;
  /** The reply of this topic's handler. Rejects where there is none, or the request is of another type. */
  respond(name: string, request: unknown, from: number): Promise<unknown>;
  /** Hands a published value to its handler, and ignores what becomes of it. */
  deliver(name: string, value: unknown, from: number): void;
}

export function createTopicHandlers(): TopicHandlers {
  const handlers = new Map<string, (request: unknown, from: number) => unknown>();
  const respond: TopicHandlers['respond'] = async (name, request, from) => {
    const handler = handlers.get(name);
    if (handler === undefined) throw new Error(`no handler for ${name}`);
    return handler(request, from);
  };
  return {
    handle: ({ name, isRequest }, handler) => {
      if (handlers.has(name)) throw new Error(`${name} has a handler already`);
      handlers.set(name, (request, from) => {
        if (!isRequest(request)) throw new Error(`not a request of ${name}`);
        return handler(request, from);
      });
    },
    respond,
    // A worker that starts or stops may have no handler.
    deliver: (name, value, from) => void respond(name, value, from).catch(() => undefined),
  };
}

/** A request within one process. */
export function respondIn<Q, R>(
  handlers: TopicHandlers,
  topic: Topic<Q, R>,
  { request, from, timeoutMs }: { request: Q; from: number; timeoutMs: number | undefined },
): Promise<R> {
  return replyFrom(topic, withTimeout(handlers.respond(topic.name, request, from), timeoutMs));
}

/** Checks the type of a reply. */
export async function replyFrom<Q, R>(
  { name, isReply }: Pick<Topic<Q, R>, 'name' | 'isReply'>,
  reply: Promise<unknown>,
): Promise<R> {
  const value = await reply;
  if (!isReply(value)) throw new Error(`not a reply of ${name}`);
  return value;
}

/** The replies that came, and are of the right type. */
export async function collectFrom<R>(
  isReply: (value: unknown) => value is R,
  replies: readonly Promise<unknown>[],
): Promise<R[]> {
  const settled = await Promise.allSettled(replies);
  return settled.flatMap((one) => (one.status === 'fulfilled' && isReply(one.value) ? [one.value] : []));
}
