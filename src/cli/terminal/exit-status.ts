/** Process exit codes: 0 done, 1 failed, 2 used wrongly. `certs status` adds 3 (due), 4 (expired) and 5 (refused by clients); 130 is a question left with Ctrl-C. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  due: 3,
  expired: 4,
  refused: 5,
  interrupted: 130,
} as const;

/** Where a command leaves an exit code that is neither success nor an error. */
export interface ExitStatus {
  code: number;
}
