import { inPace } from '../../lib/streams/idle-watch.ts';
import type { Problem } from '../../oci/problem.ts';
import type { Job, Transfer } from '../reply/job.ts';
import type { BlobSource, InclusiveSpan } from './blob-source.ts';

interface Rest {
  readonly job: Job;
  readonly source: BlobSource;
  readonly span: InclusiveSpan;
  /** What to answer if the registry does not send it. */
  readonly problem: Problem;
}

/** Sends the rest of a blob straight from the registry, after the disk failed in the middle of it. */
export function sendRest(transfer: Transfer, { job, source, span, problem }: Rest): void {
  const { res, count } = transfer.job;
  transfer.waitingFor = 'backend';
  const stop = source.fetch(
    job,
    {
      begin: () => undefined,
      write: (piece, done) => {
        transfer.waitingFor = 'client-reading';
        res.write(piece, () => {
          count('sent', piece.length);
          transfer.waitingFor = 'backend';
          transfer.steps += 1;
          inPace(job.pace, done);
        });
      },
      end: (error) => {
        transfer.waitingFor = 'client-reading';
        if (error === undefined) res.end();
        else transfer.fail(problem);
      },
    },
    span,
  );
  res.once('close', stop);
}
