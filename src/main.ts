#!/usr/bin/env node
import { isSupportedNode, unsupportedNode } from './lib/node-version.ts';

/** A slow disk holds a thread for seconds with each write that it confirms: reads have threads left beside those. */
const POOL_THREADS = 16;

// Nothing else is loaded before this check: an older Node.js fails at what it lacks, and says so in a stack trace.
if (isSupportedNode(process.version)) {
  const [{ run }, { ignoreClosedPipes, processTerminal }, { diskSyncs }] = await Promise.all([
    import('./cli/program.ts'),
    import('./cli/terminal.ts'),
    import('./lib/disk-sync.ts'),
  ]);
  ignoreClosedPipes();
  // What is made without a mode of its own is for this user and its group, whatever the shell said before.
  process.umask(0o027);
  // The pool is made at the first use, with as many threads as this says then.
  const threads = (process.env['UV_THREADPOOL_SIZE'] ??= String(POOL_THREADS));
  diskSyncs.setThreads(Number(threads) || 4);
  process.exitCode = await run(process.argv.slice(2), processTerminal);
} else {
  process.stderr.write(`registry-gate: error[NODE_UNSUPPORTED]: ${unsupportedNode(process.version)}\n`);
  process.exitCode = 1;
}
