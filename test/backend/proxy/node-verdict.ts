import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';

/** What Node's own client made of the bytes of an answer, once it had got them all and no end of the connection. */
export interface NodeVerdict {
  /** The final answer, as far as Node had it. Undefined where it saw no whole head of one. */
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The answer came whole. */
  readonly complete: boolean;
  /** Node would use the connection again, as far as the head says. */
  readonly keepsAlive: boolean;
  readonly interim: readonly number[];
  /** The code of Node's parser, `UPGRADE` for a change of protocols; undefined where it found nothing wrong so far. */
  readonly error: string | undefined;
}

/** A connection on which nothing is sent, and received is what it is given. */
class Wire extends Duplex {
  override _read(): void {
    // Filled from outside.
  }

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

interface Trial {
  readonly asked: ClientRequest;
  readonly wire: Wire;
  answer: IncomingMessage | undefined;
  readonly body: Buffer[];
  readonly interim: number[];
  complete: boolean;
  error: string | undefined;
}

const NO_BODY = Buffer.alloc(0);

function begin(method: string): Trial {
  const wire = new Wire();
  const asked = request({ method, path: '/v2/', host: 'x', createConnection: () => wire });
  const trial: Trial = {
    asked,
    wire,
    answer: undefined,
    body: [],
    interim: [],
    complete: false,
    error: undefined,
  };
  const fail = (error: NodeJS.ErrnoException): void => {
    trial.error ??= error.code ?? error.message;
  };
  asked.shouldKeepAlive = true;
  asked.on('error', fail);
  asked.on('information', ({ statusCode }) => void trial.interim.push(statusCode));
  asked.on('upgrade', () => (trial.error ??= 'UPGRADE'));
  asked.on('response', (answer) => {
    trial.answer = answer;
    answer.on('error', fail);
    answer.on('data', (chunk: Buffer) => void trial.body.push(Buffer.from(chunk)));
    answer.on('end', () => (trial.complete = answer.complete));
  });
  asked.end();
  return trial;
}

function end({ asked, wire, answer, body, interim, complete, error }: Trial): NodeVerdict {
  const verdict: NodeVerdict = {
    status: answer?.statusCode,
    headers: answer?.headers ?? {},
    body: body.length === 0 ? NO_BODY : Buffer.concat(body),
    complete,
    keepsAlive: asked.shouldKeepAlive,
    interim,
    error,
  };
  wire.destroy();
  asked.destroy();
  return verdict;
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** The strict parser of `node:http`, asked through its public door: one request for each of the answers. */
export async function askNode(
  inputs: readonly { readonly method: string; readonly bytes: Buffer }[],
): Promise<readonly NodeVerdict[]> {
  const trials = inputs.map(({ method }) => begin(method));
  // A request gets its connection in the next turn.
  await turn();
  for (const [index, { wire }] of trials.entries()) wire.push(inputs[index]?.bytes ?? NO_BODY);
  await turn();
  await turn();
  return trials.map(end);
}
