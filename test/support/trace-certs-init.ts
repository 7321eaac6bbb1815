import { createProgram } from '../../src/cli/program.ts';
import { processTerminal } from '../../src/cli/terminal/terminal.ts';
import { takeCalls } from './file-tracer.ts';

// Runs `certs init` in the directory that is named, and sends which files it went through since its action began.

const [directory = ''] = process.argv.slice(2);
const program = await createProgram(processTerminal, { code: 0 }, ['certs']);
program.hook('preAction', () => void takeCalls());
await program.parseAsync(['certs', 'init', '--host', 'registry.lan', '--certs', directory], { from: 'user' });
process.send?.(takeCalls());
