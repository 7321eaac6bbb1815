#!/usr/bin/env node
import { isSupportedNode, unsupportedNode } from './lib/node-version.ts';

// Nothing else is loaded before this check: an older Node.js fails at what it lacks, and says so in a stack trace.
if (isSupportedNode(process.version)) {
  const [{ run }, { ignoreClosedPipes, processTerminal }] = await Promise.all([
    import('./cli/program.ts'),
    import('./cli/terminal.ts'),
  ]);
  ignoreClosedPipes();
  process.exitCode = await run(process.argv.slice(2), processTerminal);
} else {
  process.stderr.write(`registry-gate: ${unsupportedNode(process.version)}\n`);
  process.exitCode = 1;
}
