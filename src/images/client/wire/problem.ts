import { STATUS_CODES } from 'node:http';
import { printable } from '../../../lib/printable.ts';
import { isObject, parseJsonObject } from '../../model/json.ts';
import type { Answer } from './answer.ts';

const MOST_BODY = 64 * 1024;
const MOST_WORDS = 300;

/** What a registry says of a refusal. */
export interface Problem {
  /** As distribution-spec has it: `DENIED`, `UNSUPPORTED`. Empty if it says none. */
  readonly code: string;
  /** `403 Forbidden: requested access to the resource is denied`. */
  readonly text: string;
}

/** Reads the body of a refusing answer (distribution-spec: "Error Codes"). Never throws. */
export async function readProblem(answer: Answer): Promise<Problem> {
  const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim();
  const { code, message } = await firstError(answer);
  const words = [code, message].filter((part) => part !== '').join(', ');
  return { code, text: words === '' ? status : `${status}: ${words}` };
}

/** Returns the text of a refusal alone. */
export async function problemOf(answer: Answer): Promise<string> {
  return (await readProblem(answer)).text;
}

async function firstError(answer: Answer): Promise<{ readonly code: string; readonly message: string }> {
  const body = await answer.read(MOST_BODY).catch(() => undefined);
  const json = body === undefined ? undefined : parseJsonObject(body);
  const errors = json?.['errors'];
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (!isObject(first)) return { code: '', message: wordsOf(json?.['details'] ?? json?.['message']) };
  return { code: wordsOf(first['code']), message: wordsOf(first['message']) };
}

function wordsOf(value: unknown): string {
  return printable(value).slice(0, MOST_WORDS).replace(/\.$/, '');
}
