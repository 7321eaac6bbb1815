import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from '../../backend/reply/job.ts';
import type { Credential } from '../../images/credentials/credential.ts';
import { openRegistry } from '../../images/client/open-registry.ts';
import type { Registry } from '../../images/store.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { Secret } from '../../lib/secret.ts';
import { basicChallenge } from '../../oci/challenge.ts';
import { createProblem, problemAnswer, type Problem } from '../../oci/problem.ts';
import { parseRegistryRequest } from '../../oci/request/parse.ts';
import { respond } from '../../oci/respond.ts';
import { joinSteps } from '../../pipeline/pipeline.ts';
import type { Forward } from '../../pipeline/stage.ts';
import type { RegistryBackend } from '../backend/registry-backend.ts';

/** How a registry is opened that listens on the socket: plain data, for a thread of this process. */
export interface InnerDoor {
  /** How messages name the registry. */
  readonly name: string;
  readonly socketPath: string;
  readonly user: string;
  readonly password: Secret<string>;
}

/**
 * The registry behind the gate, whatever it is, as this process reads it. No rights apply, and what is asked here is no
 * exchange: it is in no log, no metric and no audit log.
 */
export interface InnerRegistry {
  readonly registry: Registry;
  readonly door: InnerDoor;
  /** Cuts what is under way, and removes the socket. */
  close(): Promise<void>;
}

interface InnerRegistryOptions {
  readonly backend: Pick<RegistryBackend, 'sign' | 'address' | 'cache' | 'forward' | 'host'>;
  readonly logger: Logger;
}

const NAME = 'registry';
const USER = 'gate';
const SECRET_BYTES = 32;
/** Somebody waits for a page: what does not answer soon is said to them. */
const PAUSES = { attempts: 2, longest: 2000 } as const;
/** A registry that deletes a manifest may look through all tags before it answers. */
const TIMES = { connect: 5000, head: 30_000, readHead: 10_000 } as const;

const STRANGER = createProblem('UNAUTHORIZED', 'This socket is for the gate itself.', {
  headers: { 'WWW-Authenticate': basicChallenge('Gate') },
  close: true,
});
const UNKNOWN = createProblem('NAME_INVALID', 'This is no request to a registry.', { status: 404 });
const FAILED = createProblem('UNKNOWN', 'Something went wrong in the gate.', { close: true });

/**
 * Opens a server on a unix socket that nobody else may reach, and a registry that asks through it: requests go the way of
 * the pipeline from the credentials of the gate on, through the layer cache where there is one. Throws AppError
 * FILE_UNWRITABLE where no socket can be made.
 */
export async function openInnerRegistry({ backend, logger }: InnerRegistryOptions): Promise<InnerRegistry> {
  const secret = new Secret(randomBytes(SECRET_BYTES).toString('base64url'));
  const forward = joinSteps([backend.sign, backend.address, backend.cache], backend.forward);
  const server = createServer((req, res) => {
    if (isOurs(req, secret)) serve({ req, res }, { forward, host: backend.host, logger });
    else refuse(req, res, STRANGER);
  });
  const folder = await listenInFolder(server);
  const door: InnerDoor = { name: NAME, socketPath: join(folder, SOCKET), user: USER, password: secret };
  const credential: Credential = { kind: 'password', user: USER, password: secret };
  const registry = openRegistry({
    name: NAME,
    isPlain: true,
    socketPath: door.socketPath,
    credential: async () => credential,
    pauses: PAUSES,
    times: TIMES,
  });
  return {
    registry,
    door,
    close: async () => {
      await registry.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const SOCKET = 'registry.sock';

/** Listens in a new folder that is closed to others. The folders that are tried: that of temporary files, then /tmp. */
async function listenInFolder(server: Server): Promise<string> {
  // The path of a socket has at most 107 bytes; a folder of temporary files may have a longer one.
  const above = tmpdir().length <= LONGEST_ABOVE ? tmpdir() : '/tmp';
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(above, 'registry-gate-'));
    await listen(server, join(folder, SOCKET));
    return folder;
  } catch (error) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    throw new AppError('FILE_UNWRITABLE', {
      message: `No socket can be made in ${above} (${systemCode(error) ?? String(error)}), by which the gate reads its own registry.`,
      hint: `Make ${above} writable for the gate, in a container with --tmpfs /tmp, or name another folder in TMPDIR.`,
      cause: error,
    });
  }
}

const LONGEST_ABOVE = 70;

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isOurs({ headers: { authorization = '' } }: IncomingMessage, secret: Secret<string>): boolean {
  const expected = Buffer.from(`Basic ${Buffer.from(`${USER}:${secret.reveal()}`).toString('base64')}`);
  const given = Buffer.from(authorization);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

interface Asked {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

interface Way {
  readonly forward: Forward;
  readonly host: string;
  readonly logger: Logger;
}

const ID = 'pages';

function serve({ req, res }: Asked, { forward, host, logger }: Way): void {
  const outcome = parseRegistryRequest(req.method ?? '', req.url ?? '');
  if (outcome.kind !== 'request') {
    refuse(req, res, UNKNOWN);
    return;
  }
  const job: Job = {
    req,
    res,
    request: outcome.request,
    origin: { address: '127.0.0.1', host, requestId: ID },
    bodyLimit: undefined,
    answer: (problem) => refuse(req, res, problem),
    cut: () => void res.destroy(),
    count: () => undefined,
  };
  try {
    forward(job);
  } catch (error) {
    logger.error(
      { id: ID, error: error instanceof Error ? error.stack : 'not an error' },
      'unexpected failure',
    );
    refuse(req, res, FAILED);
  }
}

function refuse(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
  if (res.destroyed) return;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const close = problem.close || !req.complete;
  respond(res, { ...problemAnswer(problem, ID), headers: problem.headers, close });
}
