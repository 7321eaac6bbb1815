import { printable } from '../../../lib/printable.ts';
import { isObject, parseJsonObject } from '../../model/json.ts';
import type { Answer } from './answer.ts';

const MOST_BODY = 64 * 1024;
const MOST_WORDS = 300;

/** RFC 9110 section 15. `node:http` has them too, and takes as long to load as a small copy. */
const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Entity',
  425: 'Too Early',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  507: 'Insufficient Storage',
  511: 'Network Authentication Required',
};

/** What a registry says of a refusal. */
export interface Problem {
  /** As distribution-spec has it: `DENIED`, `UNSUPPORTED`. Empty if it says none. */
  readonly code: string;
  /** `403 Forbidden: requested access to the resource is denied`. */
  readonly text: string;
}

/** Reads the body of a refusing answer (distribution-spec: "Error Codes"). Never throws. */
export async function readProblem(answer: Answer): Promise<Problem> {
  const status = `${answer.status} ${STATUS_TEXTS[answer.status] ?? ''}`.trim();
  const { code, message } = await firstError(answer);
  const words = [code, message].filter((part) => part !== '').join(', ');
  return { code, text: words === '' ? status : `${status}: ${words}` };
}

/** Returns the text of a refusal alone. */
export async function problemOf(answer: Answer): Promise<string> {
  return (await readProblem(answer)).text;
}

async function firstError(answer: Answer): Promise<{ readonly code: string; readonly message: string }> {
  // Half of the words are better than none.
  const body = await answer.read(MOST_BODY, { isJudged: true }).catch(() => undefined);
  const json = body === undefined ? undefined : parseJsonObject(body);
  const errors = json?.['errors'];
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (!isObject(first)) return { code: '', message: wordsOf(json?.['details'] ?? json?.['message']) };
  return { code: wordsOf(first['code']), message: wordsOf(first['message']) };
}

function wordsOf(value: unknown): string {
  return printable(value).slice(0, MOST_WORDS).replace(/\.$/, '');
}
