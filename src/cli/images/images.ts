import { Command } from 'commander';
import type { ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { copyCommand } from './copy/copy.ts';
import { loadCommand } from './copy/load.ts';
import { saveCommand } from './copy/save.ts';

type Create = (terminal: Terminal, exit: ExitStatus) => Command;

const COMMANDS: readonly Create[] = [copyCommand, saveCommand, loadCommand];

/** `images ...`: sees, moves and removes images, straight against a registry or an archive. */
export function imagesCommand(terminal: Terminal, exit: ExitStatus): Command {
  const images = new Command('images').description(
    'See, copy, save, load and remove images, without a daemon.',
  );
  for (const create of COMMANDS) images.addCommand(create(terminal, exit));
  return images;
}
