import type { IncomingMessage } from 'node:http';
import { isHost } from '../../lib/network.ts';
import { createProblem, problemAnswer } from '../../oci/problem.ts';
import type { Answer } from '../../oci/respond.ts';
import { TRUST_SCRIPTS } from '../../pki/trust/trust-scripts.ts';

export interface PlainPages {
  /** PEM of the CA certificate, its fingerprint, and PEM of what it has revoked; undefined where the directory holds no CA. */
  readonly authority: () =>
    | { readonly pem: string; readonly sha256: string; readonly revocations?: string | undefined }
    | undefined;
  /** Returns the HOST[:PORT] that serves https for a client that asked for this host; undefined for a host that is not ours. */
  readonly secureHost: (host: string) => string | undefined;
  /** Returns what proves to an ACME server that this host is ours (RFC 8555 section 8.3); undefined for a token that nobody expects. */
  readonly challenge: (token: string) => string | undefined;
}

type PlainRequest = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>;

const TEXT = 'text/plain; charset=utf-8';
const CHALLENGE = /^\/\.well-known\/acme-challenge\/([\w-]{1,128})$/;

/** Whether a request carries a password or a token, which anybody on the way has seen. */
export function hasCredentials({ rawHeaders }: Pick<PlainRequest, 'rawHeaders'>): boolean {
  return valuesOf(rawHeaders, 'authorization', 'proxy-authorization').length > 0;
}

/**
 * Decides what the plain port answers: the CA and the scripts, an ACME challenge, a redirect to https, or why not. Pure.
 * Every answer ends the connection, so nothing that follows a request is read as one.
 */
export function answerPlain(request: PlainRequest, pages: PlainPages): Answer {
  return { ...decide(request, pages), close: true };
}

function decide(request: PlainRequest, pages: PlainPages): Answer {
  const { method, url: target = '', rawHeaders } = request;
  if (hasCredentials(request)) {
    return refusal(
      400,
      'This port takes no credentials: it is not encrypted, so whoever is on the way has read them. Change them, and write https:// in front of the address.',
    );
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return refusal(405, 'This port only redirects. Write https:// in front of the address.', {
      Allow: 'GET, HEAD',
    });
  }
  const [host = '', ...more] = valuesOf(rawHeaders, 'host');
  if (more.length > 0 || !isHost(host) || !target.startsWith('/'))
    return refusal(400, 'This request does not name one host.');
  return pageAt(target, pages) ?? redirect(host, target, pages);
}

function pageAt(target: string, pages: PlainPages): Answer | undefined {
  const { authority } = pages;
  switch (target) {
    case '/ca.crt':
      return authorityPage(authority()?.pem, 'application/x-pem-file');
    case '/ca.sha256':
      return authorityPage(authority()?.sha256.concat('\n'), TEXT);
    case '/ca.crl':
      return authorityPage(authority()?.revocations, 'application/x-pem-file');
    case '/trust.sh':
    case '/trust.ps1': {
      const { text, type } = TRUST_SCRIPTS[target];
      return { status: 200, type, body: text };
    }
    default:
      return challengePage(target, pages);
  }
}

function challengePage(target: string, { challenge }: PlainPages): Answer | undefined {
  const token = CHALLENGE.exec(target)?.[1];
  if (token === undefined) return undefined;
  const proof = challenge(token);
  return proof === undefined
    ? { status: 404, type: TEXT, body: 'Nobody waits for this challenge.\n' }
    : { status: 200, type: 'application/octet-stream', body: proof };
}

function authorityPage(text: string | undefined, type: string): Answer {
  return text === undefined
    ? {
        status: 404,
        type: TEXT,
        body: 'There is none: the certificate is of another CA, or nothing was revoked.\n',
      }
    : { status: 200, type, body: text };
}

/** 301 and not 308: a client that knows only the old status follows it too, and only GET and HEAD come this far. */
function redirect(host: string, target: string, { secureHost }: PlainPages): Answer {
  const secure = secureHost(host);
  if (secure === undefined) return refusal(421, 'This gate has no certificate for that host.');
  const address = `https://${secure}${target}`;
  return {
    status: 301,
    headers: { Location: address },
    type: TEXT,
    body: `This registry is at https://${secure}\n`,
  };
}

/** As registry JSON, which clients show in words. */
function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { ...problemAnswer(createProblem('UNSUPPORTED', message, { status }), 'none'), headers };
}

function valuesOf(rawHeaders: readonly string[], ...names: readonly string[]): readonly string[] {
  return rawHeaders.filter(
    (_value, at) => at % 2 === 1 && names.includes((rawHeaders[at - 1] ?? '').toLowerCase()),
  );
}
