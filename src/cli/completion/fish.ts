import { NAMES_COMMAND, allCommands, nameOf, offersOf, wordOf, type CommandFacts } from './command-facts.ts';

const HEAD = `# fish completion for registry-gate. Made by: registry-gate completion fish

function __registry_gate_is_command # PATH WORD
    switch "$argv[1] $argv[2]"
        case `;

const OFFER_HEAD = `
            return 0
    end
    return 1
end

function __registry_gate_offer # PATH OPTION-OR-ARGUMENT: prints what to offer for its value; nothing if it takes none
    switch "$argv[1] $argv[2]"
`;

const FUNCTIONS = `
    end
end

function __registry_gate_at # prints the path of the command, and how many arguments it has, on two lines
    set -l path ''
    set -l arguments 0
    set -l option ''
    for word in (commandline -opc)[2..-1]
        if test -n "$option"
            set option ''
        else if string match -q -- '-*=*' $word
        else if string match -q -- '-*' $word
            test -n "$(__registry_gate_offer $path $word)"; and set option $word
        else if __registry_gate_is_command $path $word
            set path (string trim -- "$path $word")
        else
            set arguments (math $arguments + 1)
        end
    end
    printf '%s\\n' "$path" $arguments
end

function __registry_gate_is_at # PATH
    set -l at (__registry_gate_at)
    test "$at[1]" = "$argv[1]"
end

function __registry_gate_give # OFFER: prints candidates
    set -l current (commandline -ct)
    set current (string replace -r -- '^--[a-z-]+=' '' $current)
    switch "$argv[1]"
        case file
            __fish_complete_path "$current"
        case directory
            __fish_complete_directories "$current"
        case image repository
            set -l program (commandline -opc)
            $program[1] ${NAMES_COMMAND} $argv[1] "$current" -- $program[2..-1] 2>/dev/null
        case 'words:*'
            string split -- , (string replace -- words: '' $argv[1])
    end
end

function __registry_gate_arguments # prints candidates for the next argument
    set -l at (__registry_gate_at)
    set -l offer (__registry_gate_offer "$at[1]" $at[2])
    test -n "$offer"; or set offer (__registry_gate_offer "$at[1]" more)
    __registry_gate_give "$offer"
end

complete -c registry-gate -f
complete -c registry-gate -a '(__registry_gate_arguments)'
`;

const TAIL = `
`;

/** The script for fish, which quotes what it inserts itself. */
export function fishScript(facts: CommandFacts): string {
  return [
    HEAD,
    allCommands(facts).slice(1).map(commandPattern).join(' '),
    OFFER_HEAD,
    allCommands(facts).flatMap(offerCases).join('\n'),
    FUNCTIONS,
    allCommands(facts).flatMap(completeLines).join('\n'),
    TAIL,
  ].join('');
}

/** The words before a command and its own name, as one: `images` and `copy` -> 'images copy', `up` -> ' up'. */
function commandPattern({ path }: CommandFacts): string {
  return `'${path.includes(' ') ? path : ` ${path}`}'`;
}

function offerCases(facts: CommandFacts): readonly string[] {
  return offersOf(facts).map(
    ([words, offer]) => `        case '${words}'\n            echo '${wordOf(offer)}'`,
  );
}

function completeLines({ path, children, options }: CommandFacts): readonly string[] {
  const when = `complete -c registry-gate -n '__registry_gate_is_at "${path}"'`;
  return [
    ...children.map((child) => `${when} -a ${nameOf(child)} -d ${quoted(child.summary)}`),
    ...options.map(({ names, summary, offer }) => {
      const flags = names.map((name) =>
        name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
      );
      const value = offer === undefined ? '' : ` -x -a '(__registry_gate_give ${wordOf(offer)})'`;
      return `${when} ${flags.join(' ')}${value} -d ${quoted(summary)}`;
    }),
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
