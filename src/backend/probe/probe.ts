import { connect as connectTls } from 'node:tls';
import { ask, type Question, type SmallAnswer } from '../client/ask.ts';
import type { Backend } from '../client/backend.ts';
import { explainFailure, type Failure } from '../client/failure.ts';
import { isSameAddress } from '../proxy/location.ts';
import { isPage } from '../proxy/refusal-page.ts';

interface Probe {
  /** Returns why the registry cannot serve, or undefined. Never rejects. */
  look(): Promise<Failure | undefined>;
}

interface ProbeOptions {
  readonly backend: Backend;
  readonly timeoutMs: number;
  /** How long a result is valid, in milliseconds: many health checks share one request to the registry. */
  readonly holdMs: number;
  readonly now: () => number;
  /** The credentials of the gate, for a registry that requires them. */
  readonly authorization?: (() => string | Promise<string>) | undefined;
  /** Called when a failure begins, changes or ends. */
  readonly onChange?: (failure: Failure | undefined) => void;
}

const BASE = { path: '/v2/', largestBytes: 64 * 1024 } as const;

/** Asks the registry for its base path, as clients do. Concurrent calls share one request. */
export function createProbe(options: ProbeOptions): Probe {
  const { holdMs, now, onChange } = options;
  let last: Promise<Failure | undefined> | undefined;
  let lookedAt = -Infinity;
  let known: string | undefined;
  const look = async (): Promise<Failure | undefined> => {
    const failure = await lookAt(options);
    if (failure?.reason !== known) onChange?.(failure);
    known = failure?.reason;
    return failure;
  };
  return {
    look: () => {
      if (last === undefined || now() - lookedAt >= holdMs) {
        lookedAt = now();
        last = look();
      }
      return last;
    },
  };
}

/** Asks once. Never rejects. */
export async function lookAt({
  backend,
  timeoutMs,
  authorization,
}: Pick<ProbeOptions, 'backend' | 'timeoutMs' | 'authorization'>): Promise<Failure | undefined> {
  try {
    const question: Question = { ...BASE, timeoutMs, authorization: await authorization?.() };
    const failure = judgeBase(await ask(backend, question), backend);
    return failure !== undefined && (await speaksTls(backend, timeoutMs)) ? TLS_WANTED : failure;
  } catch (error) {
    const { reason, cure } = explainFailure(error);
    if (await speaksTls(backend, timeoutMs)) return TLS_WANTED;
    const failure = { reason: `the registry cannot be reached: ${reason}` };
    return cure === undefined ? failure : { ...failure, cure };
  }
}

const TLS_WANTED: Failure = {
  reason: 'the registry speaks TLS, and is asked in plain HTTP',
  cure: 'set --backend to https://...',
};

/** Judges an answer to `GET /v2/`: undefined if a registry admits the gate (distribution-spec "Determining Support"). */
export function judgeBase(
  { status, headers }: Pick<SmallAnswer, 'status' | 'headers'>,
  { prefix }: Pick<Backend, 'prefix'>,
): Failure | undefined {
  const reason = `the registry answers ${status}`;
  const hasPage = isPage(headers['content-type'] ?? '');
  if (status === 200 && !hasPage) return undefined;
  if (status === 401) return { reason, cure: LOGIN };
  const { location } = headers;
  if (location !== undefined) {
    const isHttps = /^https:/i.test(location) && isSameAddress(location, `${prefix}/v2/`, status);
    return { reason: `${reason} and sends elsewhere`, cure: isHttps ? HTTPS : ELSEWHERE };
  }
  if (hasPage) return { reason: `${reason} with a page: this is no registry`, cure: NO_REGISTRY };
  return status === 404 ? { reason, cure: NO_REGISTRY } : { reason };
}

const LOGIN =
  'switch its authentication off, or give the gate a user: --backend-user NAME and REGISTRY_GATE_BACKEND_PASSWORD_FILE';
const HTTPS = 'set --backend to https://...';
const ELSEWHERE = 'set --backend to the address of the registry itself';
const NO_REGISTRY =
  'look at host, port and path in --backend; where the server knows the registry by another name, set --backend-host';

/** Reports whether a backend speaks TLS that is configured for plain HTTP. Nothing is sent to it. */
function speaksTls({ options }: Backend, timeoutMs: number): Promise<boolean> {
  if (options.kind !== 'http') return Promise.resolve(false);
  const { host, port } = options;
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, rejectUnauthorized: true, timeout: timeoutMs });
    const end = (speaks: boolean): void => {
      socket.destroy();
      resolve(speaks);
    };
    socket.once('secureConnect', () => end(true));
    socket.once('error', (error) => end(isOfTls(error)));
    socket.once('timeout', () => end(false));
    socket.once('close', () => end(false));
  });
}

/** Reports whether an error shows TLS: an untrusted certificate, or an alert, say of a server that requires a client certificate. */
function isOfTls(error: Error & { readonly code?: string }): boolean {
  return /^(?:ERR_SSL_(?:TLSV1|SSLV3)_ALERT_|ERR_TLS_CERT_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(
    error.code ?? '',
  );
}
