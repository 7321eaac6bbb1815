#!/usr/bin/env node
import { run } from './cli/program.ts';
import { ignoreClosedPipes, processTerminal } from './cli/terminal.ts';

ignoreClosedPipes();
process.exitCode = await run(process.argv.slice(2), processTerminal);
