import { createProblem, type Problem } from '../../oci/problem.ts';
import type { Transfer } from './job.ts';
import { isPart, isParts, isProblem, writeHead, type Reply } from './reply.ts';
import { hasRoomFor, sendBytes } from './send-bytes.ts';
import { sendFile, sendParts } from './file-sender.ts';

const FULL = createProblem(
  'UNAVAILABLE',
  'Too many large answers are on their way at this moment. Try again.',
  { headers: { 'Retry-After': '2' } },
);

/**
 * Sends an answer. Resolves when it is written or the client has disconnected. Rejects if its file can't be read to the
 * end.
 */
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
  if (body === undefined || req.method === 'HEAD') {
    begin(transfer, outcome);
    res.end();
  } else await sendBody(transfer, outcome, body);
}

async function sendBody(transfer: Transfer, reply: Reply, body: NonNullable<Reply['body']>): Promise<void> {
  if (isPart(body)) {
    begin(transfer, reply);
    await sendFile(transfer, body);
  } else if (isParts(body)) {
    begin(transfer, reply);
    await sendParts(transfer, body);
  } else if (hasRoomFor(body)) {
    begin(transfer, reply);
    await sendBytes(transfer, body);
  } else transfer.fail(FULL);
}

function begin(transfer: Transfer, reply: Reply): void {
  writeHead(transfer.job.res, reply);
  transfer.waitingFor = 'client-reading';
}
