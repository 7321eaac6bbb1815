import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { TRUST_SCRIPTS } from '../pki/trust/trust-scripts.ts';
import { createProblem } from '../oci/problem.ts';
import { respond } from '../oci/respond.ts';
import { answerProblem } from '../http/answer.ts';
import { contextOf } from '../http/context.ts';

interface PublicAuthority {
  /** PEM of the certificates. */
  readonly pem: string;
  /** The fingerprint of the first. */
  readonly sha256: string;
  /** The fingerprint of each. */
  readonly fingerprints: readonly string[];
  /** PEM of a new CA, and of the same as the old one signed it; undefined where there is none. */
  readonly announcement?: string | undefined;
  /** PEM of the list of revoked certificates; undefined where there is none. */
  readonly revocations?: string | undefined;
}

export interface PublicRoutesOptions {
  /** What clients may know of the CA; undefined where the directory holds none. */
  readonly authority: () => PublicAuthority | undefined;
  /** Why the gate is not ready; undefined where it is. */
  readonly unready: () => Promise<string | undefined>;
  /** What the gate cannot do although it is ready; undefined where it can do everything. */
  readonly limitation?: () => Promise<string | undefined>;
  readonly isDraining: () => boolean;
}

type PublicRoute = (res: Response) => Promise<void> | void;

/**
 * The few pages that need no password. They match the whole raw target, byte for byte: no query, no other spelling and no
 * header can turn another path into one of these.
 */
export function publicRoutes(options: PublicRoutesOptions): RequestHandler {
  const routes = createRoutes(options);
  const secure = helmet({ strictTransportSecurity: false });

  return function publicRoutes(req, res, next) {
    const { target, method } = contextOf(req);
    const route = routes.get(target);
    if (route === undefined) {
      next();
      return;
    }
    if (method !== 'GET' && method !== 'HEAD') {
      answerProblem(
        req,
        res,
        createProblem('UNSUPPORTED', 'This page is for reading.', { headers: { Allow: 'GET, HEAD' } }),
      );
      return;
    }
    secure(req, res, () => void Promise.resolve(route(res)).catch(next));
  };
}

function createRoutes({
  authority,
  unready,
  limitation = () => Promise.resolve(undefined),
  isDraining,
}: PublicRoutesOptions): ReadonlyMap<string, PublicRoute> {
  return new Map<string, PublicRoute>([
    ['/healthz', (res) => sendText(res, isDraining() ? 503 : 200, isDraining() ? 'draining\n' : 'ok\n')],
    [
      '/readyz',
      async (res) => {
        const reason = isDraining() ? 'draining' : await unready();
        const words = reason ?? ['ok', await limitation()].filter((line) => line !== undefined).join('\n');
        sendText(res, reason === undefined ? 200 : 503, `${words}\n`);
      },
    ],
    ['/ca.crt', (res) => sendAuthority(res, authority()?.pem, 'application/x-pem-file')],
    ...Object.entries(TRUST_SCRIPTS).map(([path, { text, type }]): readonly [string, PublicRoute] => [
      path,
      (res) => sendText(res, 200, text, type),
    ]),
    ['/ca.crl', (res) => sendList(res, authority()?.revocations, 'has revoked nothing')],
    ['/ca-next.crt', (res) => sendList(res, authority()?.announcement, 'is not being replaced')],
    [
      '/ca.sha256',
      (res) =>
        sendAuthority(res, authority()?.fingerprints.join('\n').concat('\n'), 'text/plain; charset=utf-8'),
    ],
  ]);
}

function sendAuthority(res: Response, text: string | undefined, type: string): void {
  if (text === undefined) sendText(res, 404, 'The certificate of this server is not from a CA of its own.\n');
  else sendText(res, 200, text, type);
}

function sendList(res: Response, text: string | undefined, otherwise: string): void {
  if (text === undefined) sendText(res, 404, `The CA of this server ${otherwise}.\n`);
  else sendText(res, 200, text, 'application/x-pem-file');
}

function sendText(res: Response, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  contextOf(res.req).sent += respond(res, { status, type, body: text });
}
