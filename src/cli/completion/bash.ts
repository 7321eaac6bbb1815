import { NAMES_COMMAND, allCommands, nameOf, offersOf, wordOf, type CommandFacts } from './command-facts.ts';

const HEAD = `# bash completion for registry-gate. Made by: registry-gate completion bash

_registry_gate_words() { # PATH: its commands and options
  case "$1" in
`;

const OFFER_HEAD = `
  esac
}

_registry_gate_offer() { # PATH OPTION-OR-ARGUMENT: what to offer for its value; empty if it takes none
  case "$1 $2" in
`;

const FUNCTIONS = `
  esac
}

_registry_gate_add() { # CURRENT CANDIDATE...
  local current=$1 candidate
  shift
  for candidate; do
    [[ $candidate == "$current"* ]] && COMPREPLY+=("$candidate")
  done
}

_registry_gate_read() { # CURRENT COMMAND...: adds the lines that it prints
  local current=$1 line
  shift
  while IFS= read -r line; do
    [[ $line == "$current"* ]] && COMPREPLY+=("$line")
  done < <("$@" 2>/dev/null)
}

_registry_gate_complete() { # PROGRAM OFFER CURRENT WORD...
  case "$2" in
    file) compopt -o filenames 2>/dev/null; _registry_gate_read "$3" compgen -f -- "$3" ;;
    directory) compopt -o filenames 2>/dev/null; _registry_gate_read "$3" compgen -d -- "$3" ;;
    image|repository)
      compopt -o nospace 2>/dev/null
      _registry_gate_read "$3" "$1" ${NAMES_COMMAND} "$2" "$3" -- "\${@:4}"
      [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} != *[/:] ]] && compopt +o nospace 2>/dev/null ;;
    words:*) local words; IFS=, read -ra words <<< "\${2#words:}"; _registry_gate_add "$3" "\${words[@]}" ;;
  esac
}

_registry_gate() {
  COMPREPLY=()
  local line=\${COMP_LINE:0:COMP_POINT} current='' path='' option='' arguments=0 word offer typed
  read -ra typed <<< "$line"
  if [[ $line != *[[:space:]] ]]; then
    current=\${typed[\${#typed[@]} - 1]}
    unset "typed[\${#typed[@]} - 1]"
  fi
  for word in "\${typed[@]:1}"; do
    if [[ -n $option ]]; then
      option=''
    elif [[ $word == -*=* ]]; then
      :
    elif [[ $word == -* ]]; then
      [[ -n $(_registry_gate_offer "$path" "$word") ]] && option=$word
    elif [[ " $(_registry_gate_words "$path") " == *" $word "* ]]; then
      path=\${path:+$path }$word
    else
      arguments=$((arguments + 1))
    fi
  done

  local prefix=''
  if [[ -n $option ]]; then
    offer=$(_registry_gate_offer "$path" "$option")
  elif [[ $current == --*=* ]]; then
    prefix=\${current%%=*}=
    offer=$(_registry_gate_offer "$path" "\${current%%=*}")
    current=\${current#*=}
  elif [[ $current == -* ]]; then
    offer=''
  else
    offer=$(_registry_gate_offer "$path" "$arguments")
    [[ -z $offer ]] && offer=$(_registry_gate_offer "$path" more)
  fi

  if [[ -n $offer ]]; then
    _registry_gate_complete "$1" "$offer" "$current" "\${typed[@]:1}"
  elif [[ -z $prefix ]]; then
    read -ra typed <<< "$(_registry_gate_words "$path")"
    [[ $current == -* ]] || typed=("\${typed[@]/#-*/}")
    for word in "\${typed[@]}"; do
      [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("$word")
    done
  fi

  # Readline replaces only what follows the last of its word breaks.
  local whole=$prefix$current cut='' at break
  for break in : = @; do
    [[ $COMP_WORDBREAKS == *"$break"* && $whole == *"$break"* ]] || continue
    at=\${whole%"$break"*}$break
    ((\${#at} > \${#cut})) && cut=$at
  done
  for at in "\${!COMPREPLY[@]}"; do
    word=$prefix\${COMPREPLY[at]}
    COMPREPLY[at]=\${word#"$cut"}
  done
}

complete -F _registry_gate registry-gate
`;

/**
 * The script for bash. It reads what was typed from COMP_LINE, since bash takes names of images apart at colons. What the
 * program or the file system says is never expanded or evaluated: no `eval`, no `compgen -W`.
 */
export function bashScript(facts: CommandFacts): string {
  return [
    HEAD,
    allCommands(facts).map(wordsCase).join('\n'),
    OFFER_HEAD,
    allCommands(facts).flatMap(offerCases).join('\n'),
    FUNCTIONS,
  ].join('');
}

function wordsCase({ path, children, options }: CommandFacts): string {
  const words = [...children.map(nameOf), ...options.flatMap(({ names }) => names)];
  return `    '${path}') echo '${words.join(' ')}' ;;`;
}

function offerCases(facts: CommandFacts): readonly string[] {
  return offersOf(facts).map(([words, offer]) => `    '${words}') echo '${wordOf(offer)}' ;;`);
}
