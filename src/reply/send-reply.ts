import type { Problem } from '../registry/problem.ts';
import type { Transfer } from './job.ts';
import { isPart, isProblem, writeHead } from './reply.ts';
import type { Reply } from './reply.ts';
import { sendFile } from './send-file.ts';

/** Sends an answer; resolves when it is written or the client has left. Rejects where its file can't be read to the end. */
export async function sendReply(transfer: Transfer, outcome: Reply | Problem): Promise<void> {
  const { req, res, count } = transfer.job;
  if (isProblem(outcome)) {
    transfer.fail(outcome);
    return;
  }
  const { body } = outcome;
  if (res.destroyed || res.headersSent) {
    if (body !== undefined && isPart(body)) await body.file.close();
    return;
  }
  writeHead(res, outcome);
  transfer.waitingFor = 'client-reading';
  if (body === undefined || req.method === 'HEAD') res.end();
  else if (isPart(body)) await sendFile(transfer, body);
  else {
    count('sent', body.length);
    res.end(body);
  }
}
