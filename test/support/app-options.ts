import type { Exchange } from '../../src/observe/exchange.ts';
import { OPEN_POLICY } from '../../src/auth/policy/policy.ts';
import type { Job } from '../../src/backend/reply/job.ts';
import type { HandlerOptions } from '../../src/pipeline/handler.ts';

const quiet = (): void => undefined;

/** The pipeline with every part an object literal: alice's password is `right`, the registry answers `{}` and remembers. */
export function appOptions(
  change: Partial<HandlerOptions>,
  jobs: Job[],
  exchanges: Exchange[],
): HandlerOptions {
  return {
    now: () => 0,
    observe: (exchange) => void exchanges.push(exchange),
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    authority: () => ({
      pem: 'the CA\n',
      sha256: 'f'.repeat(64),
      fingerprints: ['f'.repeat(64)],
      revocations: 'the list\n',
    }),
    unready: async () => undefined,
    isDraining: () => false,
    hsts: false,
    policy: () => OPEN_POLICY,
    warning: () => undefined,
    challenge: () => ({ 'WWW-Authenticate': 'Basic realm="Registry", charset="UTF-8"' }),
    formMs: 1000,
    pageIdleMs: 1000,
    catalog: { page: async () => ({ names: [], more: false }) },
    onCatalogFailure: quiet,
    admission: { headers: 100 },
    body: { manifestBytes: 100, layerBytes: undefined },
    tokens: {
      check: {
        remembered: ({ user, password }) =>
          user === 'alice' && password.reveal() === 'right'
            ? { kind: 'user', name: user, proof: 'password' }
            : undefined,
        signIn: async () => ({ kind: 'rejected' }),
      },
      access: { remembered: () => undefined, verify: async () => undefined },
      noteWrong: quiet,
      admit: (principal) => ({ kind: 'known', principal, warning: undefined }),
      answer: async () => ({ status: 200, headers: {}, body: { token: 't' } }),
    },
    forward: (job) => {
      jobs.push(job);
      job.res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    },
    ...change,
  };
}
