/** What an owner did, for the audit log. */
interface Act {
  readonly user: string;
  readonly address: string;
  readonly action: 'unlock' | 'end-sessions' | 'revoke';
  /** The user or the network that it was done for. */
  readonly target: string;
  /** The id of the token. */
  readonly token?: string | undefined;
}

export type NoteAct = (act: Act) => void;
