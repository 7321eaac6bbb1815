import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { systemCode } from '../lib/errors.ts';
import type { Backend } from './backend.ts';

export interface Probe {
  /** Why the registry cannot serve, in a few words without its address, or undefined. Never rejects. */
  look(): Promise<string | undefined>;
}

export interface ProbeOptions {
  readonly backend: Backend;
  readonly timeoutMs: number;
  /** How long an answer holds: health checks come from many sides, and the registry should not pay for each. */
  readonly holdMs: number;
  readonly now: () => number;
  /** The gate's own word, for a registry that asks for one. */
  readonly authorization?: (() => string) | undefined;
}

/** Asks the registry for its base path. Many who ask at once share one look. */
export function createProbe({ backend, timeoutMs, holdMs, now, authorization }: ProbeOptions): Probe {
  let last: Promise<string | undefined> | undefined;
  let lookedAt = -Infinity;
  return {
    look: () => {
      if (last === undefined || now() - lookedAt >= holdMs) {
        lookedAt = now();
        last = ask(backend, timeoutMs, authorization?.());
      }
      return last;
    },
  };
}

function ask(
  { options, single, authority }: Backend,
  timeoutMs: number,
  authorization: string | undefined,
): Promise<string | undefined> {
  const place =
    options.kind === 'unix' ? { socketPath: options.path } : { host: options.host, port: options.port };
  const request = options.kind === 'https' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const asked = request({
      ...place,
      path: '/v2/',
      agent: single,
      headers: { host: authority, ...(authorization === undefined ? {} : { authorization }) },
      timeout: timeoutMs,
    });
    asked.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? undefined : `the registry answers ${answer.statusCode}`);
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    asked.on('error', (error) =>
      resolve(`the registry cannot be reached (${systemCode(error) ?? error.name})`),
    );
    asked.end();
  });
}
