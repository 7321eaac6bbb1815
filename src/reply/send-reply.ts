import type { Problem } from '../registry/problem.ts';
import type { Transfer } from './job.ts';
import { isPart, isParts, isProblem, writeHead } from './reply.ts';
import type { Reply } from './reply.ts';
import { sendFile, sendParts } from './send-file.ts';

/** Sends an answer; resolves when it is written or the client has left. Rejects where its file can't be read to the end. */
export async function sendReply(transfer: Transfer, outcome: Reply | Problem): Promise<void> {
  const { req, res } = transfer.job;
  if (isProblem(outcome)) {
    transfer.fail(outcome);
    return;
  }
  const { body } = outcome;
  if (res.destroyed || res.headersSent) {
    if (body !== undefined && 'file' in body) await body.file.close();
    return;
  }
  writeHead(res, outcome);
  transfer.waitingFor = 'client-reading';
  if (body === undefined || req.method === 'HEAD') res.end();
  else await sendBody(transfer, body);
}

async function sendBody(transfer: Transfer, body: NonNullable<Reply['body']>): Promise<void> {
  const { res, count } = transfer.job;
  if (isPart(body)) await sendFile(transfer, body);
  else if (isParts(body)) await sendParts(transfer, body);
  else {
    count('sent', body.length);
    res.end(body);
  }
}
