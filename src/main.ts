#!/usr/bin/env node
import { keepSignals, type EarlySignals } from './cli/terminal/early-signals.ts';
import type { Terminal } from './cli/terminal/terminal.ts';
import { isSupportedNode, unsupportedNode } from './lib/node/node-version.ts';

/** A slow disk holds a thread for seconds with each write that it confirms: reads have threads left beside those. */
const POOL_THREADS = 16;
/** How long a start may continue after a stop signal. */
const START_MS = 5000;

const signals = listenForSignals();

// Nothing else is loaded before this check: an older Node.js fails at what it lacks, and says so in a stack trace.
if (isSupportedNode(process.version)) {
  const [{ printVersion }, { processTerminal }, { watchOutput }] = await Promise.all([
    import('./cli/version.ts'),
    import('./cli/terminal/terminal.ts'),
    import('./cli/terminal/output-errors.ts'),
  ]);
  const outFailure = watchOutput(process.stdout, process.stderr);
  const terminal = { ...processTerminal, outFailure, ...signals };
  const argv = process.argv.slice(2);
  process.exitCode = (await printVersion(argv, terminal)) ?? (await runCommand(argv, terminal));
} else {
  process.stderr.write(`registry-gate: error[NODE_UNSUPPORTED]: ${unsupportedNode(process.version)}\n`);
  process.exitCode = 1;
}

async function runCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [{ run }, { diskSyncs }] = await Promise.all([
    import('./cli/program.ts'),
    import('./lib/files/disk-sync.ts'),
  ]);
  // What is made without a mode of its own is for this user and its group, whatever the shell said before.
  process.umask(0o027);
  // The pool is made at the first use, with as many threads as this says then.
  const threads = (process.env['UV_THREADPOOL_SIZE'] ??= String(POOL_THREADS));
  diskSyncs.setThreads(Number(threads) || 4);
  return run(argv, terminal);
}

/** Handles signals from the start on. Serving commands stop in order, all others end as the system would end them. */
function listenForSignals(): EarlySignals | undefined {
  const serves = ['up', 'serve', 'worker'].includes(process.argv[2] ?? '');
  if (serves) return keepSignals(process, { patienceMs: START_MS, giveUp: () => process.exit(0) });
  // The kernel ends process 1 only by signals that it listens for.
  if (process.pid === 1) {
    process.on('SIGTERM', () => process.exit(143));
    process.on('SIGINT', () => process.exit(130));
    process.on('SIGHUP', () => process.exit(129));
  }
  return undefined;
}
