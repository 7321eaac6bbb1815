import { Command } from 'commander';
import { initCommand } from './init.ts';
import { renewCommand } from './renew.ts';
import { statusCommand } from './status.ts';
import { trustCommand } from './trust.ts';
import type { ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `certs init | renew | status | trust`: the life of the certificates, and the trust of the clients. */
export function certsCommand(terminal: Terminal, exit: ExitStatus): Command {
  return new Command('certs')
    .description('Make and renew the certificates, look at them, have clients trust them.')
    .addCommand(initCommand(terminal))
    .addCommand(renewCommand(terminal))
    .addCommand(statusCommand(terminal, exit))
    .addCommand(trustCommand(terminal));
}
