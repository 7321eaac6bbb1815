/** Process exit codes: 0 done, 1 failed, 2 wrong usage. `certs status` adds 3 (due), 4 (expired) and 5 (refused by clients); 130 is Ctrl-C at a prompt. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  due: 3,
  expired: 4,
  refused: 5,
  interrupted: 130,
} as const;

/** Where a command sets an exit code other than 0 without an error. */
export interface ExitStatus {
  code: number;
}
