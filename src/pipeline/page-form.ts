import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';
import { answerProblem } from '../http/answer.ts';
import { receiveForm } from '../http/receive-form.ts';
import { createProblem } from '../oci/problem.ts';
import { parseFields, type Fields } from '../pages/request/fields.ts';

const FORM_TYPE = /^application\/x-www-form-urlencoded(?:$|;)/i;

interface PageFormLimits {
  readonly maxBytes: number;
  /** How long it may take to arrive, in milliseconds. */
  readonly ms: number;
}

const PROBLEMS = {
  many: createProblem('SIZE_INVALID', 'The form has too many fields.'),
  control: createProblem('UNSUPPORTED', 'A field of the form holds a control character.', { status: 400 }),
} as const;

/** Reads the form of a page. Undefined where it was answered already, or its client has gone. */
export async function readPageForm(
  req: IncomingMessage,
  res: Response,
  { maxBytes, ms }: PageFormLimits,
): Promise<Fields | undefined> {
  if (!FORM_TYPE.test(req.headers['content-type'] ?? '')) {
    const refused = { status: 415, close: true };
    answerProblem(req, res, createProblem('UNSUPPORTED', 'A page takes forms alone.', refused));
    return undefined;
  }
  const tooLarge = `A form has ${maxBytes} bytes at most.`;
  const body = await receiveForm(req, res, { maxBytes, ms, tooLarge });
  if (body === undefined) return undefined;
  const fields = parseFields(body.toString('utf8'));
  if (typeof fields !== 'string') return fields;
  answerProblem(req, res, PROBLEMS[fields]);
  return undefined;
}
