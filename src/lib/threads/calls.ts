/** The functions of a thread, each with one value that can be cloned. */
export type Calls = Readonly<Record<string, (value: never) => unknown>>;

/** What is sent to a thread. Without `id` no answer is wanted. */
export interface CallMessage {
  readonly id: number | undefined;
  readonly name: string;
  readonly value: unknown;
}

/** What comes back: an answer, or a message of the thread itself. */
export type ThreadMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string }
  | { readonly kind: 'report'; readonly report: Report };

/** Something that the log should have. */
export interface Report {
  readonly level: 'info' | 'warn';
  readonly fields: Readonly<Record<string, string | number>>;
  readonly message: string;
  /** A file that the thread reads is damaged: who keeps it has to look. */
  readonly isDamage?: true;
}
