import { asRoot, fine, skipped, wrong, type Check } from '../check.ts';
import type { Answer, Fault } from '../facts/ask.ts';
import { isRegistry, type NetworkFacts } from '../facts/network.ts';
import type { Target } from '../target.ts';
import type { Here } from './route.ts';

const ANSWER = { id: 'answer', what: 'who answers' } as const;
const CLOCK = { id: 'clock', what: 'clock' } as const;
/** Certificates are made valid a day back, so that a few minutes are no fault; tokens allow less than that. */
const MOST_SKEW_MS = 60_000;
/** Date has whole seconds (RFC 9110 section 5.6.7). */
const DATE_STEP_MS = 1000;

/** Who answers at the port: a gate, another registry, or something else. */
export function checkAnswer(target: Target, network: NetworkFacts, here: Here): Check {
  const { secure, plain } = network;
  if (secure === undefined) return skipped(ANSWER, 'there is no connection');
  if (secure.kind === 'answer') return checkSecure(target, secure, network);
  if (plain?.kind === 'answer') return checkPlain(target, { plain, network, here });
  return wrong(
    ANSWER,
    `somebody listens on ${target.port}, but speaks neither TLS (${secure.code}) nor HTTP. Look at what has the port, on the server`,
    `ss -ltnp 'sport = :${target.port}'`,
  );
}

function checkSecure({ registry, port }: Target, secure: Answer, { authority }: NetworkFacts): Check {
  const isGate = authority?.kind === 'answer' && authority.text.startsWith('-----BEGIN CERTIFICATE-----');
  const server = serverOf(secure);
  if (isRegistry(secure)) {
    return fine(ANSWER, isGate ? 'a registry-gate, by TLS' : `a registry, by TLS${server}`);
  }
  if (secure.status >= 500) {
    return wrong(
      ANSWER,
      `${registry} answers ${secure.status}${server}: it does not reach its registry. On the server`,
      'registry-gate config check --connect',
    );
  }
  return wrong(
    ANSWER,
    `what answers by TLS is no registry: GET /v2/ gives ${secure.status}${server}. Find out what has the port, on the server`,
    `ss -ltnp 'sport = :${port}'`,
  );
}

interface PlainCase {
  readonly plain: Answer;
  readonly network: NetworkFacts;
  readonly here: Here;
}

/** Where clients say "server gave HTTP response to HTTPS client". */
function checkPlain({ registry, port, host }: Target, { plain, network, here }: PlainCase): Check {
  const [neighbour] = network.neighbours;
  const what = isRegistry(plain) || plain.status === 200 ? 'a registry without TLS' : 'a server without TLS';
  const why = `${what} answers on ${port}${serverOf(plain)}, and clients want TLS ("server gave HTTP response to HTTPS client")`;
  if (neighbour !== undefined) {
    const better = `${registry.replace(/:\d+$/, '')}${neighbour.port === 443 ? '' : `:${neighbour.port}`}`;
    return wrong(
      ANSWER,
      `${why}. A gate answers on ${neighbour.port}: use ${better}`,
      `${here.login} ${better}`,
    );
  }
  const where = here.isServer ? '' : ' on the server';
  return wrong(
    ANSWER,
    `${why}. Put a gate in front of it${where}`,
    `registry-gate up --host ${host} --backend http://127.0.0.1:${port}`,
  );
}

function serverOf({ headers }: Answer): string {
  const server = (headers['server'] ?? '').slice(0, 60);
  return server === '' ? '' : ` (${server})`;
}

/** Whether the clocks of both sides agree, by the Date header. */
export function checkClock({ secure, plain, asked }: NetworkFacts, { isRoot }: Here): Check {
  const skew = skewOf(secure?.kind === 'answer' ? secure : plain, asked);
  if (skew === undefined) return skipped(CLOCK, 'the server does not say what time it is');
  if (Math.abs(skew) < MOST_SKEW_MS) return fine(CLOCK, 'that of the server says the same');
  const words = skew < 0 ? `${span(-skew)} behind` : `${span(skew)} ahead of`;
  return wrong(
    CLOCK,
    `that of the server is ${words} ours: certificates and tokens seem expired, or not valid yet. On the machine whose clock is wrong`,
    asRoot('timedatectl set-ntp true', isRoot),
  );
}

/** How far the clock of the server is ahead of ours, in milliseconds. Undefined if it does not say. */
function skewOf(
  answer: Answer | Fault | undefined,
  { from, until }: NetworkFacts['asked'],
): number | undefined {
  const date = answer?.kind === 'answer' ? Date.parse(answer.headers['date'] ?? '') : Number.NaN;
  if (Number.isNaN(date)) return undefined;
  if (date > until) return date - until;
  return Math.min(date + DATE_STEP_MS - from, 0);
}

function span(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
