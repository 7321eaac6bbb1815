import { request, type Agent } from 'node:https';
import type { TestGate } from './test-gate.ts';

/** An answer to a browser. */
export interface PageReply {
  readonly status: number;
  readonly location: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

type Extra = Readonly<Record<string, string | undefined>>;

/** Fields; as pairs where one is sent several times. */
type Form = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

function renderForm(form: Form): string {
  const params = new URLSearchParams();
  const pairs = Array.isArray(form) ? form : Object.entries(form);
  for (const [name, value] of pairs) params.append(String(name), String(value));
  return params.toString();
}

interface PlaceOfGate extends Pick<TestGate, 'port' | 'ca'> {
  /** Keeps a connection, so that every request reaches the same worker. Default: a connection for each request. */
  readonly agent?: Agent;
}

/** What speaks like a browser, without one: it keeps cookies, and says where its forms come from. */
export class PageClient {
  readonly #gate: PlaceOfGate;
  /** By name; as a browser keeps them. To be changed by a test. */
  readonly cookies = new Map<string, string>();

  constructor(gate: PlaceOfGate) {
    this.#gate = gate;
  }

  /** A header that is given as undefined is left out. */
  get(path: string, headers: Extra = {}): Promise<PageReply> {
    return this.#ask('GET', path, { 'sec-fetch-site': 'same-origin', ...headers }, '');
  }

  post(path: string, form: Form, headers: Extra = {}): Promise<PageReply> {
    const type = 'application/x-www-form-urlencoded';
    const all = { 'content-type': type, 'sec-fetch-site': 'same-origin', ...headers };
    return this.#ask('POST', path, all, renderForm(form));
  }

  signIn(user: string, password: string, more: Readonly<Record<string, string>> = {}): Promise<PageReply> {
    return this.post('/sign-in', { user, password, ...more });
  }

  /** The token that the forms of a page carry. Empty where there is none. */
  async formToken(path = '/'): Promise<string> {
    const { body } = await this.get(path);
    return /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? '';
  }

  /** The value of the session's cookie. */
  get session(): string | undefined {
    return this.cookies.get('__Host-registry-gate');
  }

  #ask(method: string, path: string, extra: Extra, body: string): Promise<PageReply> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const given = Object.entries({ cookie: cookie || undefined, 'user-agent': 'Firefox', ...extra });
    const headers = Object.fromEntries(
      given.filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    const { port, ca, agent = false } = this.#gate;
    const place = { host: '127.0.0.1', servername: 'localhost', port, ca, agent };
    return new Promise((resolve, reject) => {
      request({ ...place, method, path, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          this.#keep(answer.headers['set-cookie'] ?? []);
          resolve({
            status: answer.statusCode ?? 0,
            location: answer.headers.location,
            headers: answer.headers,
            body: Buffer.concat(chunks).toString(),
          });
        });
      })
        .on('error', reject)
        .end(body);
    });
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; Max-Age=0(;|$)/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}
