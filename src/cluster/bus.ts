/**
 * A kind of message between the processes of one gate. The guards hold what arrives to its type: it comes from another
 * process. Values are plain data, as `structuredClone` copies them; secrets may be among them, they never leave the machine.
 */
export interface Topic<Q, A> {
  readonly name: string;
  readonly isQuestion: (value: unknown) => value is Q;
  readonly isAnswer: (value: unknown) => value is A;
}

/** `from` is the slot of the worker that asks the primary; to a worker everything comes from `PRIMARY`. */
export type Answerer<Q, A> = (question: Q, from: number) => A | Promise<A>;

/** The slot of the primary, which serves no requests. */
export const PRIMARY = -1;

/** What a worker has of the others. With one process there are no others, and the same process is the primary too. */
export interface Bus {
  /** From 0; a worker that takes the place of a dead one has its slot. */
  readonly slot: number;
  /** How many workers there are. */
  readonly size: number;
  /** Answers what others ask or tell by this topic. One answerer per topic. */
  handle<Q, A>(topic: Topic<Q, A>, answerer: Answerer<Q, A>): void;
  /** Tells all other workers, and waits for nothing. What one worker tells arrives in order. */
  publish<Q>(topic: Topic<Q, unknown>, value: Q): void;
  /**
   * The answers of all workers, this one included, in no order. A worker that dies, fails or stays silent for
   * `patienceMs` (5 s, unless said otherwise) has no answer among them. Never rejects.
   */
  collect<Q, A>(topic: Topic<Q, A>, question: Q, patienceMs?: number): Promise<readonly A[]>;
  /** Asks the primary: the place for what must exist once. Rejects where it fails, or stays silent for `patienceMs`. */
  request<Q, A>(topic: Topic<Q, A>, question: Q, patienceMs?: number): Promise<A>;
}

/** What the primary has of the workers. */
export interface Broker {
  /** Answers what workers `ask`. One answerer per topic. */
  handle<Q, A>(topic: Topic<Q, A>, answerer: Answerer<Q, A>): void;
  /** Tells all workers. */
  publish<Q>(topic: Topic<Q, unknown>, value: Q): void;
  /** The answers of all workers, as `Bus.gather`. */
  collect<Q, A>(topic: Topic<Q, A>, question: Q, patienceMs?: number): Promise<readonly A[]>;
}

/** A topic of which the guards are all there is to say. */
export function createTopic<Q, A>(
  name: string,
  isQuestion: Topic<Q, A>['isQuestion'],
  isAnswer: Topic<Q, A>['isAnswer'],
): Topic<Q, A> {
  return { name, isQuestion, isAnswer };
}

/** Guard of what carries nothing: the value is undefined. */
export function isNothing(value: unknown): value is undefined {
  return value === undefined;
}
