import { createCopySession } from '../../../images/copy/request/copy-session.ts';
import type { CopyObserver, CopyRequest } from '../../../images/copy/request/copy-request.ts';
import { AppError } from '../../../lib/errors.ts';
import { openProgress, type Progress } from '../../terminal/progress/progress.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { Connections } from '../connection/connections.ts';
import { runConnected } from '../connection/run-connected.ts';
import { choiceOf, type TransferOptions } from './options.ts';

/** What a command that copies works with. */
export interface CopyContext {
  readonly terminal: Terminal;
  readonly connections: Connections;
  readonly progress: Progress;
  /** What all copies of the command have in common. */
  readonly request: Pick<CopyRequest, 'choice' | 'host'> &
    Required<Pick<CopyRequest, 'session' | 'observer' | 'signal'>>;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command that copies. The first Ctrl-C ends it in order: uploads are given up, files in the making removed. The
 * second ends the process at once.
 */
export async function runCopies<T>(
  terminal: Terminal,
  options: TransferOptions,
  work: (context: CopyContext) => Promise<T>,
): Promise<T> {
  const choice = choiceOf(options);
  return runConnected(
    terminal,
    options,
    async (connections, signal) => {
      const progress = openProgress({ terminal, isQuiet: options.quiet === true });
      const session = createCopySession(options.parallel);
      const request = { ...choice, session, observer: observe(progress), signal };
      try {
        return await work({ terminal, connections, progress, signal, request });
      } finally {
        progress.close();
      }
    },
    interrupted,
  );
}

function interrupted(): AppError {
  return new AppError('INTERRUPTED', {
    message: 'The copy was stopped. What is there already will be skipped the next time.',
    hint: 'Run the command again to finish it.',
  });
}

/** As many digits of a digest as docker shows. */
const SHORT = 12;

const WORDS = {
  copied: 'copied',
  converted: 'compressed and copied',
  mounted: 'mounted',
  there: 'already there',
  'left-out': 'left out',
} as const;

/** Shows a copy as it goes on. */
function observe(progress: Progress): CopyObserver {
  return {
    planned: (blobs) => progress.expect(blobs.reduce((sum, { size }) => sum + size, 0)),
    started: ({ digest, size }) => progress.begin(digest.text, digest.hex.slice(0, SHORT), size),
    moved: ({ digest }, bytes) => progress.moved(digest.text, bytes),
    finished: ({ digest, size }, outcome) => progress.end(digest.text, WORDS[outcome], size),
  };
}
