import { spawn, type ChildProcess } from 'node:child_process';
import { AppError, systemCode } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';
import { Secret } from '../../lib/secret.ts';
import { textOf } from '../model/descriptor.ts';
import { parseJsonObject } from '../model/json.ts';
import type { Credential } from './credential.ts';

/** A helper may ask its user to unlock a key ring. */
const TIMEOUT_MS = 60_000;
const MOST_OUTPUT = 64 * 1024;
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
/** docker-credential-helpers: credentials/error.go. */
const NOTHING = /credentials not found|no credentials|not found in native keychain/i;
/** The user under which docker stores an identity token. */
const IDENTITY_USER = '<token>';

interface Said {
  readonly code: number | null;
  readonly output: string;
}

interface HelperOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks `docker-credential-NAME get` (docker: "Credential helper protocol"). Undefined if it has nothing for this server.
 * Throws AppError SIGN_IN_FAILED,
 * or the reason of the signal.
 */
export async function askHelper(
  name: string,
  server: string,
  how: HelperOptions,
): Promise<Credential | undefined> {
  if (!NAME.test(name))
    throw failed(JSON.stringify(printable(name.slice(0, 80))), 'that is not the name of one');
  const program = `docker-credential-${name}`;
  const { code, output } = await runHelper(program, server, how);
  if (code !== 0) {
    if (NOTHING.test(output)) return undefined;
    throw failed(program, printable(output.trim().slice(0, 200)) || `it ended with ${code ?? 'a signal'}`);
  }
  const json = parseJsonObject(Buffer.from(output));
  if (json === undefined) throw failed(program, 'what it printed is not a JSON object');
  const [user, secret] = [textOf(json, 'Username'), textOf(json, 'Secret')];
  if (secret === '') return undefined;
  if (user === IDENTITY_USER) return { kind: 'identity', token: new Secret(secret) };
  return user === '' ? undefined : { kind: 'password', user, password: new Secret(secret) };
}

async function runHelper(program: string, server: string, { env, signal }: HelperOptions): Promise<Said> {
  signal?.throwIfAborted();
  const child = spawn(program, ['get'], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(signal === undefined ? {} : { signal }),
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  try {
    // It may end without reading.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
    return await outcomeOf(child, program);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function outcomeOf(child: ChildProcess, program: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    child.stdout?.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > MOST_OUTPUT) child.kill('SIGKILL');
      else pieces.push(piece);
    });
    child.on('error', (error) => {
      const isMissing = systemCode(error) === 'ENOENT';
      reject(
        failed(program, isMissing ? 'it is not installed' : (systemCode(error) ?? String(error)), error),
      );
    });
    child.on('close', (code) => {
      if (size > MOST_OUTPUT) reject(failed(program, `it printed more than ${MOST_OUTPUT} bytes`));
      else resolve({ code, output: Buffer.concat(pieces).toString('utf8') });
    });
  });
}

function failed(program: string, reason: string, cause?: unknown): AppError {
  return new AppError('SIGN_IN_FAILED', {
    message: `The credential helper ${program} failed: ${reason}.`,
    hint: 'Install or correct it, remove it from the file of docker or podman that names it, or sign in with --user NAME --password-stdin.',
    cause,
  });
}
