import { Command } from 'commander';
import type { Outcome } from './outcome.ts';
import type { Terminal } from './terminal.ts';

export function configCommand(_terminal: Terminal, _outcome: Outcome): Command {
  return new Command('config');
}
