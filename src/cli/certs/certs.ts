import { Command } from 'commander';
import { initCommand } from './init.ts';
import { renewCommand } from './renew.ts';
import { statusCommand } from './status.ts';
import { trustCommand } from './trust.ts';
import type { ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `certs init | renew | status | trust`: certificates of the gate, and trust stores of clients. */
export function certsCommand(terminal: Terminal, exit: ExitStatus): Command {
  return new Command('certs')
    .description('Make, renew and show the certificates, and make clients trust them.')
    .addCommand(initCommand(terminal))
    .addCommand(renewCommand(terminal))
    .addCommand(statusCommand(terminal, exit))
    .addCommand(trustCommand(terminal));
}
