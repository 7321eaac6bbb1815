import type { IncomingMessage, ServerResponse } from 'node:http';
import { JoinedBytes } from '../lib/streams/joined-bytes.ts';
import { createProblem } from '../oci/problem.ts';
import { answerProblem } from './answer.ts';

interface FormLimits {
  readonly maxBytes: number;
  /** How long the form may take to arrive, in milliseconds. */
  readonly ms: number;
  /** The sentence that refuses a larger one. */
  readonly tooLarge: string;
}

/** Reads the body of a form into memory. Undefined if it was answered already, or if its client has gone. */
export async function receiveForm(
  req: IncomingMessage,
  res: ServerResponse,
  limits: FormLimits,
): Promise<Buffer | undefined> {
  const { maxBytes } = limits;
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return refuseLarge(req, res, limits);
  if (req.headers.expect !== undefined) res.writeContinue();
  const timer = setTimeout(() => {
    const late = createProblem('UNSUPPORTED', 'The form did not arrive.', { status: 408, close: true });
    answerProblem(req, res, late);
    req.destroy();
  }, limits.ms);
  try {
    const bytes = new JoinedBytes();
    for await (const part of req) {
      const chunk: Buffer = part;
      if (bytes.length + chunk.length > maxBytes) return refuseLarge(req, res, limits);
      bytes.add(chunk);
    }
    return bytes.join();
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function refuseLarge(req: IncomingMessage, res: ServerResponse, { tooLarge }: FormLimits): undefined {
  answerProblem(req, res, createProblem('SIZE_INVALID', tooLarge, { close: true }));
  return undefined;
}
