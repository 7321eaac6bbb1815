/** The options of the configuration that `doctor` takes. */
export const CONFIGURATION = ['listen', 'backend', 'certs', 'users', 'state', 'access'];

/** Where the tiny image goes to, unless another place is named. */
export const SCRATCH = 'registry-gate-doctor';

/** What is said on the command line, beside the options of the configuration. */
export interface Options {
  readonly client?: readonly string[];
  readonly ca?: string;
  readonly fingerprint?: string;
  readonly user?: string;
  readonly passwordStdin?: true;
  readonly authFile?: string;
  /** False for --no-push. */
  readonly push?: string | boolean;
  readonly fix?: true;
  readonly json?: true;
}
