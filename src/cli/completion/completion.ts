import { Argument, Command } from 'commander';
import type { Terminal } from '../terminal/terminal.ts';
import { bashScript } from './bash.ts';
import { readCommandFacts, type CommandFacts } from './command-facts.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (facts: CommandFacts) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const DETAILS = `
bash, for this user (package bash-completion loads it by itself):
  registry-gate completion bash > ~/.local/share/bash-completion/completions/registry-gate
zsh, in a folder of fpath:
  registry-gate completion zsh > ~/.zfunc/_registry-gate
fish:
  registry-gate completion fish > ~/.config/fish/completions/registry-gate.fish`;

/** `completion`: prints the script with which a shell completes commands, options and names of images. */
export function completionCommand(terminal: Terminal, createTree: () => Promise<Command>): Command {
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'The shell.').choices(SHELLS))
    .addHelpText('after', DETAILS)
    .action(async (shell: Shell) => {
      terminal.out(SCRIPTS[shell](readCommandFacts(await createTree())));
    });
}
