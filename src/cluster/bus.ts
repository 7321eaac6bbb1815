/**
 * A kind of message between the processes of one gate. The guards check what arrives, because it comes from another
 * process. Values are plain data, as `structuredClone` copies them. Secrets may be among them: they do not leave the
 * machine.
 */
export interface Topic<Q, R> {
  readonly name: string;
  readonly isRequest: (value: unknown) => value is Q;
  readonly isReply: (value: unknown) => value is R;
}

/** `from` is the slot of the worker that sent a request to the primary; a worker receives everything from `PRIMARY`. */
export type TopicHandler<Q, R> = (request: Q, from: number) => R | Promise<R>;

/** The slot of the primary, which serves no clients. */
export const PRIMARY = -1;

/** The bus as a worker sees it. The bus of a gate of one process has no other workers, and leads to a primary in the same process. */
export interface Bus {
  /** From 0. A worker that replaces a dead one has its slot. */
  readonly slot: number;
  /** The number of workers. */
  readonly size: number;
  /** Handles what others publish or request by this topic. One handler per topic. */
  handle<Q, R>(topic: Topic<Q, R>, handler: TopicHandler<Q, R>): void;
  /** Sends to all other workers, without waiting. Messages of one worker arrive in order. */
  publish<Q>(topic: Topic<Q, unknown>, value: Q): void;
  /**
   * The replies of all workers, this one included, in no order. A worker that dies, fails or does not reply within
   * `timeoutMs` (default 5 s) is left out. Never rejects.
   */
  collect<Q, R>(topic: Topic<Q, R>, request: Q, timeoutMs?: number): Promise<readonly R[]>;
  /** Asks the primary, for what must exist once. Rejects where the primary fails, or does not reply within `timeoutMs`. */
  request<Q, R>(topic: Topic<Q, R>, request: Q, timeoutMs?: number): Promise<R>;
}

/** The bus as the primary sees it. */
export interface Broker {
  /** Handles what workers `request`. One handler per topic. */
  handle<Q, R>(topic: Topic<Q, R>, handler: TopicHandler<Q, R>): void;
  /** Sends to all workers. */
  publish<Q>(topic: Topic<Q, unknown>, value: Q): void;
  /** The replies of all workers, as `Bus.collect`. */
  collect<Q, R>(topic: Topic<Q, R>, request: Q, timeoutMs?: number): Promise<readonly R[]>;
}

/**
 * A topic with its guards.
 *
 *     const UNREADY = createTopic('unready', isNothing, isReason);
 *     bus.handle(UNREADY, () => gate.unready());
 *     const reasons = await broker.collect(UNREADY, undefined);
 */
export function createTopic<Q, R>(
  name: string,
  isRequest: Topic<Q, R>['isRequest'],
  isReply: Topic<Q, R>['isReply'],
): Topic<Q, R> {
  return { name, isRequest, isReply };
}

/** Guard of a message without a value. */
export function isNothing(value: unknown): value is undefined {
  return value === undefined;
}
