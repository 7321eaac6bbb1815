import { AppError } from '../errors.ts';
import { isSupportedNode } from './node-version.ts';

/** What the process runs on. The terminal provides it. */
export interface Runtime {
  /** As in `process.version`: `v24.21.0`. */
  readonly nodeVersion: string;
  readonly execArgv: readonly string[];
  readonly nodeOptions: string;
  /** NODE_TLS_REJECT_UNAUTHORIZED. */
  readonly rejectUnauthorized: string | undefined;
}

const UNSAFE_FLAGS = [
  '--insecure-http-parser',
  '--security-revert',
  '--tls-min-v1.0',
  '--tls-min-v1.1',
] as const;

/** Refuses to serve on a runtime that is not safe for a proxy. Throws AppError NODE_UNSUPPORTED. */
export function checkRuntime({ nodeVersion, execArgv, nodeOptions, rejectUnauthorized }: Runtime): void {
  if (!isSupportedNode(nodeVersion)) {
    throw new AppError('NODE_UNSUPPORTED', {
      message: `Node.js ${nodeVersion} is not safe for a proxy: it forwards requests that carry hidden bodies.`,
      hint: 'Use Node.js 22.23.2, 24.18.1 or 26.5.1 or newer of these lines.',
    });
  }
  const flags = [...execArgv, ...nodeOptions.split(/\s+/)];
  const unsafe = UNSAFE_FLAGS.find((flag) =>
    flags.some((given) => given === flag || given.startsWith(`${flag}=`)),
  );
  if (unsafe !== undefined || rejectUnauthorized === '0') {
    throw new AppError('NODE_UNSUPPORTED', {
      message: `${unsafe ?? 'NODE_TLS_REJECT_UNAUTHORIZED=0'} switches off a protection that the gate stands on.`,
      hint: 'Start it without that setting.',
    });
  }
}
