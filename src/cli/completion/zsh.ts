import { NAMES_COMMAND, allCommands, nameOf, offersOf, wordOf, type CommandFacts } from './command-facts.ts';

const HEAD = `#compdef registry-gate
# zsh completion for registry-gate. Made by: registry-gate completion zsh

_registry_gate_words() { # PATH: sets commands and options
  case "$1" in
`;

const OFFER_HEAD = `
  esac
}

_registry_gate_offer() { # PATH OPTION-OR-ARGUMENT: sets REPLY to what to offer for its value; empty if it takes none
  REPLY=''
  case "$1 $2" in
`;

const FUNCTIONS = `
  esac
}

_registry_gate_complete() { # OFFER WORD...
  local -a found
  case "$1" in
    file) _files ;;
    directory) _files -/ ;;
    image|repository)
      found=("\${(@f)$("\${words[1]}" ${NAMES_COMMAND} "$1" "$PREFIX" -- "\${@:2}" 2>/dev/null)}")
      found=("\${(@)found:#}")
      compadd -S '' -- "\${(@M)found:#*[/:]}"
      compadd -- "\${(@)found:#*[/:]}" ;;
    words:*) found=("\${(@s:,:)\${1#words:}}"); compadd -- "\${found[@]}" ;;
  esac
}

_registry_gate() {
  local at='' option='' word REPLY
  local -i arguments=0
  local -a commands options typed
  typed=("\${(@)words[2,CURRENT-1]}")
  for word in "\${typed[@]}"; do
    if [[ -n $option ]]; then
      option=''
    elif [[ $word == -*=* ]]; then
      :
    elif [[ $word == -* ]]; then
      _registry_gate_offer "$at" "$word"
      [[ -n $REPLY ]] && option=$word
    else
      _registry_gate_words "$at"
      if (( \${commands[(I)\${(b)word}:*]} )); then
        at=\${at:+$at }$word
      else
        arguments+=1
      fi
    fi
  done

  if [[ -n $option ]]; then
    _registry_gate_offer "$at" "$option"
  elif [[ $PREFIX == --*=* ]]; then
    _registry_gate_offer "$at" "\${PREFIX%%=*}"
    compset -P '*='
  elif [[ $PREFIX == -* ]]; then
    REPLY=''
  else
    _registry_gate_offer "$at" "$arguments"
    [[ -z $REPLY ]] && _registry_gate_offer "$at" more
  fi

  if [[ -n $REPLY ]]; then
    _registry_gate_complete "$REPLY" "\${typed[@]}"
    return
  fi
  _registry_gate_words "$at"
  if [[ $PREFIX == -* ]]; then
    _describe -o 'option' options
  else
    (( \${#commands} )) && _describe 'command' commands
  fi
}

if [[ \${funcstack[1]} == _registry_gate || \${funcstack[1]} == _registry-gate ]]; then
  _registry_gate "$@"
else
  compdef _registry_gate registry-gate
fi
`;

/** The script for zsh, for a folder of `fpath` or to be sourced. Candidates are passed on as arrays, never evaluated. */
export function zshScript(facts: CommandFacts): string {
  return [
    HEAD,
    allCommands(facts).map(wordsCase).join('\n'),
    OFFER_HEAD,
    allCommands(facts).flatMap(offerCases).join('\n'),
    FUNCTIONS,
  ].join('');
}

function wordsCase({ path, children, options }: CommandFacts): string {
  const commands = children.map((child) => described(nameOf(child), child.summary));
  const flags = options.flatMap(({ names, summary }) => names.map((name) => described(name, summary)));
  return `    '${path}') commands=(${commands.join(' ')}); options=(${flags.join(' ')}) ;;`;
}

/** A word with its description, for `_describe`. */
function described(word: string, summary: string): string {
  return `'${word.replaceAll(':', String.raw`\:`)}:${summary.replaceAll("'", String.raw`'\''`)}'`;
}

function offerCases(facts: CommandFacts): readonly string[] {
  return offersOf(facts).map(([words, offer]) => `    '${words}') REPLY='${wordOf(offer)}' ;;`);
}
