import { Command } from 'commander';
import type { ExitStatus } from '../terminal/exit-status.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Create = (terminal: Terminal, exit: ExitStatus) => Command;

/** Each is loaded only when it runs: all of them together take longer than many a copy. */
const COMMANDS: Readonly<Record<string, () => Promise<Create>>> = {
  list: async () => (await import('./see/list.ts')).listCommand,
  tags: async () => (await import('./see/list.ts')).tagsCommand,
  inspect: async () => (await import('./see/inspect.ts')).inspectCommand,
  history: async () => (await import('./see/history.ts')).historyCommand,
  diff: async () => (await import('./see/diff.ts')).diffCommand,
  files: async () => (await import('./files/files.ts')).filesCommand,
  cat: async () => (await import('./files/cat.ts')).catCommand,
  copy: async () => (await import('./copy/copy.ts')).copyCommand,
  save: async () => (await import('./copy/save.ts')).saveCommand,
  load: async () => (await import('./copy/load.ts')).loadCommand,
  tag: async () => (await import('./remove/tag.ts')).tagCommand,
  remove: async () => (await import('./remove/remove.ts')).removeCommand,
  sync: async () => (await import('./sync/sync.ts')).syncCommand,
};

/**
 * Loads `images ...`: sees, moves and removes images, straight against a registry or an archive. With `only`, the part for
 * that command.
 */
export async function loadImagesCommand(only: string | undefined): Promise<Create> {
  const asked = Object.entries(COMMANDS).filter(([name]) => name === only);
  const loads = asked.length > 0 ? asked : Object.entries(COMMANDS);
  const creates = await Promise.all(loads.map(([, load]) => load()));
  return (terminal, exit) => {
    const images = new Command('images').description(
      'See, copy, save, load and remove images, without a daemon.',
    );
    for (const create of creates) images.addCommand(create(terminal, exit));
    return images;
  };
}
