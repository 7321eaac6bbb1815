import { Command } from 'commander';
import type { ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { copyCommand } from './copy/copy.ts';
import { loadCommand } from './copy/load.ts';
import { saveCommand } from './copy/save.ts';
import { catCommand } from './files/cat.ts';
import { filesCommand } from './files/files.ts';
import { diffCommand } from './see/diff.ts';
import { historyCommand } from './see/history.ts';
import { inspectCommand } from './see/inspect.ts';
import { listCommand, tagsCommand } from './see/list.ts';
import { removeCommand } from './remove/remove.ts';
import { tagCommand } from './remove/tag.ts';
import { syncCommand } from './sync/sync.ts';

type Create = (terminal: Terminal, exit: ExitStatus) => Command;

const COMMANDS: readonly Create[] = [
  listCommand,
  tagsCommand,
  inspectCommand,
  historyCommand,
  diffCommand,
  filesCommand,
  catCommand,
  copyCommand,
  saveCommand,
  loadCommand,
  tagCommand,
  removeCommand,
  syncCommand,
];

/** `images ...`: sees, moves and removes images, straight against a registry or an archive. */
export function imagesCommand(terminal: Terminal, exit: ExitStatus): Command {
  const images = new Command('images').description(
    'See, copy, save, load and remove images, without a daemon.',
  );
  for (const create of COMMANDS) images.addCommand(create(terminal, exit));
  return images;
}
