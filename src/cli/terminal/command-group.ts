import { Command } from 'commander';
import type { ExitStatus } from './exit-status.ts';
import type { Terminal } from './terminal.ts';

/** Makes a command. */
type Create = (terminal: Terminal, exit: ExitStatus) => Command;

/** Loads a command. `sub`: the word behind it on the command line, if it is known. */
export type Load = (sub?: string) => Promise<Create>;

/**
 * Returns what loads a group of commands: each is loaded only when it runs, since all of them together take longer than
 * many a command. With a `sub` that is one of them the group has that command alone.
 */
export function commandGroup(name: string, commands: Readonly<Record<string, () => Promise<Create>>>): Load {
  return async (sub) => {
    const asked = Object.entries(commands).filter(([command]) => command === sub);
    const loads = asked.length > 0 ? asked : Object.entries(commands);
    const creates = await Promise.all(loads.map(([, load]) => load()));
    return (terminal, exit) => {
      const group = new Command(name);
      for (const create of creates) group.addCommand(create(terminal, exit));
      return group;
    };
  };
}
